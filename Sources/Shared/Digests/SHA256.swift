internal import COpenSSL
internal import CSystem

/// SHA-256 by OpenSSL. A digest of a prompt or an answer counts as no secret in this design.
///
/// By its functions for this digest alone: before the first digest of any kind, the general ones read in all that
/// OpenSSL has, which takes a worker 0.2 ms.
package struct SHA256: ~Copyable {
    package static let byteCount = 32

    private let context = UnsafeMutablePointer<SHA256_CTX>.allocate(capacity: 1)

    /// A digest taken in parts.
    package init() { SHA256_Init(context) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        SHA256_Update(context, bytes.baseAddress, bytes.count)
    }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    package consuming func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: SHA256.byteCount)
        SHA256_Final(&digest, context)
        return digest
    }

    deinit {
        // It holds the last block.
        csystem_wipe(context, MemoryLayout<SHA256_CTX>.size)
        context.deallocate()
    }

    package static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = SHA256()
        digest.update(bytes)
        return digest.finish()
    }

    package static func hash(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { hash($0) } }

    package static func hash(_ secret: borrowing SecretBytes) -> [UInt8] { secret.withBytes { hash($0) } }
}
