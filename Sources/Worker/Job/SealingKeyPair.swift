internal import COpenSSL
internal import Shared

/// An X25519 pair made for one job. The secret half never leaves the worker: the permit names the public half, and the
/// network seals the prompt's key to it.
struct SealingKeyPair: ~Copyable {
    let publicKey: [UInt8]
    private let secret: SecretBytes

    init() throws {
        let secret = try SecretBytes.random(count: 32)
        let derived: [UInt8]? = secret.withBytes { secret in
            guard let key = EVP_PKEY_new_raw_private_key_ex(nil, "X25519", nil, secret.octets, secret.count) else {
                return nil
            }
            defer { EVP_PKEY_free(key) }
            var bytes = [UInt8](repeating: 0, count: 32)
            var count = bytes.count
            return EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1 ? bytes : nil
        }
        guard let derived else { throw JobFailure.cryptographyFailed }
        publicKey = derived
        self.secret = secret
    }

    /// Opens one sealed key half: `ephemeral public(32) ‖ iv(12) ‖ ciphertext ‖ tag(16)`, the key being
    /// HKDF-SHA256(X25519, info "CoFHE seal"); the plaintext is a big-endian integer below 2¹²⁸ (cofhe.md 9).
    ///
    /// - Returns: the integer as 16 bytes.
    func open(_ sealed: inout SecretBytes) throws -> SecretBytes {
        let overhead = 32 + 12 + 16
        guard (overhead + 1...overhead + 32).contains(sealed.count) else { throw JobFailure.sealedValueMalformed }
        let key = try sealingKey(with: sealed)
        let length = sealed.count - overhead
        let opened = key.withBytes { key in
            sealed.withMutableBytes { bytes in
                Cryptography.decrypt(bytes, at: 44, count: length, nonceAt: 32, tagAt: 44 + length, key: key)
            }
        }
        guard opened else { throw JobFailure.sealedValueUnreadable }
        var half = try SecretBytes(capacity: 16)
        try sealed.withBytes { bytes in
            let number = bytes[44..<44 + length]
            // Wider than 128 bits is no key half.
            guard number.dropLast(16).allSatisfy({ $0 == 0 }) else { throw JobFailure.sealedValueMalformed }
            for _ in 0..<max(0, 16 - length) { try half.append(0) }
            try half.append(UnsafeRawBufferPointer(rebasing: number.suffix(16)))
        }
        sealed.wipe()
        return half
    }

    private func sealingKey(with sealed: borrowing SecretBytes) throws -> SecretBytes {
        var shared = try SecretBytes(capacity: 32)
        shared.extend(to: 32)
        let agreed = secret.withBytes { secret in
            sealed.withBytes { sealed in
                shared.withMutableBytes { shared in
                    guard let own = EVP_PKEY_new_raw_private_key_ex(nil, "X25519", nil, secret.octets, 32) else {
                        return false
                    }
                    defer { EVP_PKEY_free(own) }
                    guard let peer = EVP_PKEY_new_raw_public_key_ex(nil, "X25519", nil, sealed.octets, 32) else {
                        return false
                    }
                    defer { EVP_PKEY_free(peer) }
                    guard let context = EVP_PKEY_CTX_new(own, nil) else { return false }
                    defer { EVP_PKEY_CTX_free(context) }
                    var count = 32
                    // OpenSSL refuses an all-zero agreement here.
                    return EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1
                        && EVP_PKEY_derive(context, shared.octets, &count) == 1 && count == 32
                }
            }
        }
        guard agreed else { throw JobFailure.sealedValueUnreadable }
        return try SealingKeyPair.expand(shared)
    }

    private static func expand(_ shared: borrowing SecretBytes) throws -> SecretBytes {
        var key = try SecretBytes(capacity: Cryptography.keyBytes)
        key.extend(to: Cryptography.keyBytes)
        let purpose: StaticString = "CoFHE seal"
        let derived = shared.withBytes { shared in
            key.withMutableBytes { key in
                guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nil) else { return false }
                defer { EVP_PKEY_CTX_free(context) }
                var count = key.count
                return EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()) == 1
                    && EVP_PKEY_CTX_set1_hkdf_key(context, shared.octets, Int32(shared.count)) == 1
                    && EVP_PKEY_CTX_add1_hkdf_info(context, purpose.utf8Start, Int32(purpose.utf8CodeUnitCount)) == 1
                    && EVP_PKEY_derive(context, key.octets, &count) == 1
            }
        }
        guard derived else { throw JobFailure.cryptographyFailed }
        return key
    }
}
