internal import COpenSSL

/// SHA-256 by OpenSSL. A digest of a prompt or an answer counts as no secret in this design.
package struct SHA256: ~Copyable {
    package static let byteCount = 32

    private let context = EVP_MD_CTX_new()

    /// A digest taken in parts.
    package init() { EVP_DigestInit_ex(context, EVP_sha256(), nil) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    package consuming func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: SHA256.byteCount)
        EVP_DigestFinal_ex(context, &digest, nil)
        return digest
    }

    // Frees the context, which holds the last block; OpenSSL wipes it.
    deinit { EVP_MD_CTX_free(context) }

    package static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = SHA256()
        digest.update(bytes)
        return digest.finish()
    }

    package static func hash(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { hash($0) } }

    package static func hash(_ secret: borrowing SecretBytes) -> [UInt8] { secret.withBytes { hash($0) } }
}
