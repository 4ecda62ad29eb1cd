internal import CSodium

/// NaCl's box, by libsodium: the node opens boxes by other means.
extension ToyCrypto {
    package struct SealedBox: Sendable {
        /// `tag(16) ‖ ciphertext`.
        package var data: [UInt8]
        package var publicKey: [UInt8]
        package var nonce: [UInt8]

        package init(data: [UInt8], publicKey: [UInt8], nonce: [UInt8]) {
            (self.data, self.publicKey, self.nonce) = (data, publicKey, nonce)
        }
    }

    /// To an X25519 key, from a fresh one.
    package static func box(_ text: [UInt8], to publicKey: [UInt8]) throws -> SealedBox {
        let ephemeral = try x25519KeyPair()
        var box = SealedBox(
            data: [UInt8](repeating: 0, count: text.count + 16), publicKey: ephemeral.publicKey, nonce: random(24))
        guard
            crypto_box_easy(&box.data, text, UInt64(text.count), box.nonce, publicKey, ephemeral.secret) == 0
        else { throw Failure() }
        return box
    }

    /// What was sealed to the key of `secret` by somebody unnamed.
    package static func openSealed(_ sealed: [UInt8], secret: [UInt8]) throws -> [UInt8] {
        guard sealed.count >= 48 else { throw Failure() }
        var text = [UInt8](repeating: 0, count: sealed.count - 48)
        guard crypto_box_seal_open(&text, sealed, UInt64(sealed.count), try x25519PublicKey(of: secret), secret) == 0
        else { throw Failure() }
        return text
    }

    package static func open(_ box: SealedBox, secret: [UInt8]) throws -> [UInt8] {
        guard box.data.count >= 16, box.publicKey.count == 32, box.nonce.count == 24 else { throw Failure() }
        var text = [UInt8](repeating: 0, count: box.data.count - 16)
        guard crypto_box_open_easy(&text, box.data, UInt64(box.data.count), box.nonce, box.publicKey, secret) == 0
        else { throw Failure() }
        return text
    }
}
