internal import CSodium
internal import Shared

extension SealingKeyPair {
    /// `ephemeral public(32) ‖ iv(12) ‖ ciphertext ‖ tag(16)`, the key being HKDF-SHA256(X25519, info "CoFHE seal"); the
    /// plaintext is a big-endian integer below 2¹²⁸ (cofhe.md 9).
    func openExpanded(_ sealed: inout SecretBytes) throws -> SecretBytes {
        let overhead = 32 + 12 + 16
        guard (overhead + 1...overhead + 32).contains(sealed.count) else { throw JobFailure.sealedValueMalformed }
        let shared = try sealed.withBytes { try agreement(with: UnsafeRawBufferPointer(rebasing: $0.prefix(32))) }
        let key = try SealingKeyPair.expand(shared)
        let length = sealed.count - overhead
        let opened = key.withBytes { key in
            sealed.withMutableBytes { bytes in
                guard let key = key.octets, let sealed = bytes.octets else { return false }
                let text = UnsafeMutableRawBufferPointer(start: sealed + 44, count: length)
                return AES256GCM.open(text, nonce: sealed + 32, tag: sealed + 44 + length, key: key)
            }
        }
        guard opened else { throw JobFailure.sealedValueUnreadable }
        let half = try sealed.withBytes {
            try SealingKeyPair.half(UnsafeRawBufferPointer(rebasing: $0[44..<44 + length]))
        }
        sealed.wipe()
        return half
    }

    /// HKDF-SHA256 without salt, for no more than one block (RFC 5869).
    private static func expand(_ shared: borrowing SecretBytes) throws -> SecretBytes {
        let salt = try SecretBytes(zeros: Int(crypto_auth_hmacsha256_KEYBYTES))
        let extracted = try authenticate(shared, under: salt)
        var purpose = try SecretBytes(capacity: 11)
        try purpose.append(public: Array("CoFHE seal".utf8) + [1])
        return try authenticate(purpose, under: extracted)
    }

    /// HMAC-SHA256, which is 32 bytes, under a key of 32 bytes.
    private static func authenticate(
        _ text: borrowing SecretBytes, under key: borrowing SecretBytes
    ) throws -> SecretBytes {
        var code = try SecretBytes(zeros: Int(crypto_auth_hmacsha256_BYTES))
        let isMade = text.withBytes { text in
            key.withBytes { key in
                code.withMutableBytes { code in
                    guard let code = code.octets, let octets = text.octets, let key = key.octets else { return false }
                    return crypto_auth_hmacsha256(code, octets, UInt64(text.count), key) == 0
                }
            }
        }
        guard isMade else { throw JobFailure.cryptographyFailed }
        return code
    }
}
