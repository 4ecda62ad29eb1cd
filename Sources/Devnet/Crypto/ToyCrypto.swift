internal import COpenSSL

/// All cryptography of the devnet but signatures, by OpenSSL.
///
/// Keys and plaintext are plain arrays here. That is right for a toy network only: nothing on it is worth protecting.
package enum ToyCrypto {
    package struct Failure: Error {}

    package static func random(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        precondition(RAND_bytes(&bytes, Int32(count)) == 1)
        return bytes
    }

    package static func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let made = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &tag, &length)
        precondition(made != nil && length == 32)
        return tag
    }

    /// HKDF-SHA256 without salt, 32 bytes: one extract and one round of expand (RFC 5869).
    package static func hkdfSHA256(_ secret: [UInt8], info: String) -> [UInt8] {
        let key = hmacSHA256(key: [UInt8](repeating: 0, count: 32), secret)
        return hmacSHA256(key: key, Array(info.utf8) + [1])
    }

    // MARK: - AES-256-GCM

    /// A fresh iv of 12 bytes, the tag of 16 and the ciphertext, which is as long as the plaintext.
    package struct Box: Equatable {
        package var iv: [UInt8]
        package var tag: [UInt8]
        package var ciphertext: [UInt8]
    }

    package static func seal(_ plaintext: [UInt8], key: [UInt8]) throws -> Box {
        var box = Box(iv: random(12), tag: [UInt8](repeating: 0, count: 16), ciphertext: [])
        box.ciphertext = try gcm(key: key, iv: box.iv, input: plaintext, tag: &box.tag, encrypting: true)
        return box
    }

    /// Throws where key, iv, tag and ciphertext do not belong together.
    package static func open(_ box: Box, key: [UInt8]) throws -> [UInt8] {
        guard box.iv.count == 12, box.tag.count == 16 else { throw Failure() }
        var tag = box.tag
        return try gcm(key: key, iv: box.iv, input: box.ciphertext, tag: &tag, encrypting: false)
    }

    private static func gcm(
        key: [UInt8], iv: [UInt8], input: [UInt8], tag: inout [UInt8], encrypting: Bool
    ) throws -> [UInt8] {
        guard key.count == 32, input.count <= Int(Int32.max), let context = EVP_CIPHER_CTX_new() else {
            throw Failure()
        }
        defer { EVP_CIPHER_CTX_free(context) }
        let direction: Int32 = encrypting ? 1 : 0
        guard EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nil, key, iv, direction) == 1 else { throw Failure() }
        if !encrypting, EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, 16, &tag) != 1 { throw Failure() }
        var output = [UInt8](repeating: 0, count: input.count)
        var written: Int32 = 0
        guard EVP_CipherUpdate(context, &output, &written, input, Int32(input.count)) == 1 else { throw Failure() }
        // GCM is a stream: the last call checks or makes the tag and writes nothing.
        var nothing = [UInt8](repeating: 0, count: 16)
        guard written == output.count, EVP_CipherFinal_ex(context, &nothing, &written) == 1 else { throw Failure() }
        if encrypting, EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, &tag) != 1 { throw Failure() }
        return output
    }

    // MARK: - X25519

    package static func x25519KeyPair() throws -> (secret: [UInt8], publicKey: [UInt8]) {
        let secret = random(32)
        return (secret, try x25519PublicKey(of: secret))
    }

    package static func x25519PublicKey(of secret: [UInt8]) throws -> [UInt8] {
        guard let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nil, secret, secret.count) else {
            throw Failure()
        }
        defer { EVP_PKEY_free(key) }
        var publicKey = [UInt8](repeating: 0, count: 32)
        var length = publicKey.count
        guard EVP_PKEY_get_raw_public_key(key, &publicKey, &length) == 1, length == 32 else { throw Failure() }
        return publicKey
    }

    /// Throws for a public key of low order, whose shared secret would be zero.
    package static func x25519(_ secret: [UInt8], _ publicKey: [UInt8]) throws -> [UInt8] {
        guard let own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nil, secret, secret.count) else {
            throw Failure()
        }
        defer { EVP_PKEY_free(own) }
        guard let peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nil, publicKey, publicKey.count),
            let context = EVP_PKEY_CTX_new(own, nil)
        else { throw Failure() }
        defer {
            EVP_PKEY_free(peer)
            EVP_PKEY_CTX_free(context)
        }
        var shared = [UInt8](repeating: 0, count: 32)
        var length = shared.count
        guard EVP_PKEY_derive_init(context) == 1, EVP_PKEY_derive_set_peer(context, peer) == 1,
            EVP_PKEY_derive(context, &shared, &length) == 1, length == 32
        else { throw Failure() }
        return shared
    }
}
