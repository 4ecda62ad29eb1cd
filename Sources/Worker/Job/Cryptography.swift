internal import COpenSSL
internal import CSodium
internal import CSystem
internal import Glibc
internal import Shared

/// The worker's ciphers, by OpenSSL. Keys and plaintext stay in secret memory on both sides of each call.
enum Cryptography {
    static let keyBytes = 32
    private static let nonceBytes = 12
    private static let tagBytes = 16

    /// Does everything that opens files or seeds lazily, before the filter closes.
    ///
    /// - Parameter forTLS: certificates name their algorithms, which needs OpenSSL's tables; a worker that never speaks
    ///   TLS saves the 1 ms that filling them takes.
    static func prepare(forTLS: Bool) -> Bool {
        // Certificate times are compared through mktime, which reads the zone file at its first call.
        tzset()
        let tables =
            OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS
        let options = UInt64(OPENSSL_INIT_NO_LOAD_CONFIG) | (forTLS ? 0 : UInt64(tables))
        guard OPENSSL_init_crypto(options, nil) == 1, sodium_init() >= 0 else { return false }
        // A handshake draws from OpenSSL's own generator; all else draws from the kernel's.
        var byte: UInt8 = 0
        return !forTLS || RAND_bytes(&byte, 1) == 1
    }

    /// Opens `iv(12) ‖ tag(16) ‖ ciphertext` in place: afterwards `blob` is the plaintext.
    static func open(_ blob: inout SecretBytes, key: borrowing SecretBytes) throws(JobFailure) {
        guard blob.count >= nonceBytes + tagBytes else { throw .promptMalformed }
        let opened = key.withBytes { key in
            blob.withMutableBytes { bytes in
                decrypt(
                    bytes, at: nonceBytes + tagBytes, count: bytes.count - nonceBytes - tagBytes, nonceAt: 0,
                    tagAt: nonceBytes, key: key)
            }
        }
        guard opened else { throw .promptUnreadable }
        blob.removeFirst(nonceBytes + tagBytes)
    }

    /// Decrypts `count` bytes at `start` in place (AES-256-GCM, no associated data); false when the tag does not fit.
    static func decrypt(
        _ bytes: UnsafeMutableRawBufferPointer, at start: Int, count: Int, nonceAt nonce: Int, tagAt tag: Int,
        key: UnsafeRawBufferPointer
    ) -> Bool {
        guard let context = EVP_CIPHER_CTX_new(), let base = bytes.baseAddress else { return false }
        defer { EVP_CIPHER_CTX_free(context) }
        let octets = base.assumingMemoryBound(to: UInt8.self)
        var written: Int32 = 0
        return EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key.octets, octets + nonce) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagBytes), base + tag) == 1
            && EVP_DecryptUpdate(context, octets + start, &written, octets + start, Int32(count)) == 1
            && EVP_DecryptFinal_ex(context, octets + start + count, &written) == 1
    }

    /// Encrypts `text` to `iv ‖ tag ‖ ciphertext` under `key`, with a fresh random nonce.
    static func seal(_ text: borrowing SecretBytes, key: borrowing SecretBytes) throws -> SecretBytes {
        var blob = try SecretBytes(capacity: text.count + nonceBytes + tagBytes)
        blob.extend(to: text.count + nonceBytes + tagBytes)
        let sealed = text.withBytes { text in
            key.withBytes { key in
                blob.withMutableBytes { bytes in
                    guard let context = EVP_CIPHER_CTX_new(), let base = bytes.baseAddress else { return false }
                    defer { EVP_CIPHER_CTX_free(context) }
                    let octets = base.assumingMemoryBound(to: UInt8.self)
                    let body = octets + nonceBytes + tagBytes
                    var written: Int32 = 0
                    csystem_random(base, nonceBytes)
                    return EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key.octets, octets) == 1
                        && EVP_EncryptUpdate(context, body, &written, text.octets, Int32(text.count)) == 1
                        && EVP_EncryptFinal_ex(context, body + text.count, &written) == 1
                        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagBytes), base + nonceBytes) == 1
                }
            }
        }
        guard sealed else { throw JobFailure.cryptographyFailed }
        return blob
    }
}

extension UnsafeRawBufferPointer {
    var octets: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}

extension UnsafeMutableRawBufferPointer {
    var octets: UnsafeMutablePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}
