internal import COpenSSL
internal import CSodium
internal import CSystem
internal import Glibc
internal import Shared

/// Prompts and answers under their keys. Keys and plaintext stay in secret memory on both sides of each call.
enum Cryptography {
    private static let overhead = AES256GCM.nonceBytes + AES256GCM.tagBytes

    /// Does everything that opens files, seeds or initialises lazily, before the filter closes: the end of what is done
    /// once is a futex call.
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
        ERR_clear_error()
        var byte: UInt8 = 0
        let zeros = [UInt8](repeating: 0, count: AES256GCM.keyBytes)
        var tag = zeros
        let seals = withUnsafeMutableBytes(of: &byte) { AES256GCM.seal($0, nonce: zeros, tag: &tag, key: zeros) }
        // A handshake draws from OpenSSL's own generator; all else draws from the kernel's.
        return seals && (!forTLS || RAND_bytes(&byte, 1) == 1)
    }

    /// Opens `iv(12) ‖ tag(16) ‖ ciphertext` in place: afterwards `blob` is the plaintext.
    static func open(_ blob: inout SecretBytes, key: borrowing SecretBytes) throws(JobFailure) {
        guard blob.count >= overhead else { throw .promptMalformed }
        let opened = key.withBytes { key in
            blob.withMutableBytes { bytes in
                guard let key = key.octets, let blob = bytes.octets else { return false }
                let text = UnsafeMutableRawBufferPointer(start: blob + overhead, count: bytes.count - overhead)
                return AES256GCM.open(text, nonce: blob, tag: blob + AES256GCM.nonceBytes, key: key)
            }
        }
        guard opened else { throw .promptUnreadable }
        blob.removeFirst(overhead)
    }

    /// Encrypts `text` to `iv ‖ tag ‖ ciphertext` under `key`, with a fresh random nonce.
    static func seal(_ text: borrowing SecretBytes, key: borrowing SecretBytes) throws -> SecretBytes {
        var blob = try SecretBytes(capacity: text.count + overhead)
        blob.extend(to: overhead)
        try text.withBytes { try blob.append($0) }
        let sealed = key.withBytes { key in
            blob.withMutableBytes { bytes in
                guard let key = key.octets, let blob = bytes.octets else { return false }
                csystem_random(blob, AES256GCM.nonceBytes)
                let text = UnsafeMutableRawBufferPointer(start: blob + overhead, count: bytes.count - overhead)
                return AES256GCM.seal(text, nonce: blob, tag: blob + AES256GCM.nonceBytes, key: key)
            }
        }
        guard sealed else { throw JobFailure.cryptographyFailed }
        return blob
    }
}
