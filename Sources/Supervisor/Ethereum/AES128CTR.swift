internal import COpenSSL

/// AES-128 in counter mode by OpenSSL, where encrypting and decrypting are the same.
enum AES128CTR {
    static let keyByteCount = 16
    static let blockByteCount = 16

    /// Reads `count` bytes from `input` and writes as many to `output`. False when OpenSSL fails.
    static func apply(
        key: UnsafePointer<UInt8>, iv: [UInt8], input: UnsafePointer<UInt8>, output: UnsafeMutablePointer<UInt8>,
        count: Int32
    ) -> Bool {
        precondition(iv.count == blockByteCount)
        guard let cipher = EVP_CIPHER_CTX_new() else { return false }
        // Freeing wipes the key schedule.
        defer { EVP_CIPHER_CTX_free(cipher) }
        var written: Int32 = 0
        return EVP_EncryptInit_ex(cipher, EVP_aes_128_ctr(), nil, key, iv) == 1
            && EVP_EncryptUpdate(cipher, output, &written, input, count) == 1 && written == count
    }
}
