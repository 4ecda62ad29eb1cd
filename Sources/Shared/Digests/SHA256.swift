internal import COpenSSL

/// SHA-256 by OpenSSL.
package enum SHA256 {
    package static let byteCount = 32

    package static func hash(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { hash($0) } }

    package static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        var none: UInt8 = 0
        withUnsafePointer(to: &none) { empty in
            let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? empty
            _ = COpenSSL.SHA256(start, bytes.count, &digest)
        }
        return digest
    }

    /// The digest of a secret. A digest of a prompt or an answer is itself no secret of this design.
    package static func hash(_ secret: borrowing SecretBytes) -> [UInt8] { secret.withBytes { hash($0) } }
}
