internal import COpenSSL
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
                Cryptography.decrypt(bytes, at: 44, count: length, nonceAt: 32, tagAt: 44 + length, key: key)
            }
        }
        guard opened else { throw JobFailure.sealedValueUnreadable }
        let half = try sealed.withBytes {
            try SealingKeyPair.half(UnsafeRawBufferPointer(rebasing: $0[44..<44 + length]))
        }
        sealed.wipe()
        return half
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
