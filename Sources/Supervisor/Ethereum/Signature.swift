internal import Shared

/// Why bytes are no signature, or a signature is nobody's.
package enum SignatureError: Error, Equatable {
    /// Not 65 bytes, or no hexadecimal text of them.
    case malformed
    /// v is not 0, 1, 27 or 28.
    case recoveryIdentifier
    /// r or s is zero or not below the order of the curve, or s is in the upper half (EIP-2).
    case outOfRange
    /// No public key can have made it.
    case unrecoverable
}

/// A recoverable signature in its one accepted form: s is in the lower half.
package struct Signature: Equatable, Sendable {
    /// 32 bytes, big-endian.
    package let r: [UInt8]
    /// 32 bytes, big-endian.
    package let s: [UInt8]
    /// 0 or 1.
    package let yParity: UInt8

    init(compact: [UInt8], parity: Int32) {
        r = Array(compact.prefix(32))
        s = Array(compact.suffix(32))
        yParity = UInt8(truncatingIfNeeded: parity & 1)
    }

    /// Reads r ‖ s ‖ v, 65 bytes, v being 0, 1, 27 or 28.
    package init(_ bytes: [UInt8]) throws(SignatureError) {
        guard bytes.count == 65 else { throw .malformed }
        let compact = Array(bytes.prefix(64))
        switch bytes[64] {
        case 0, 27: self.init(compact: compact, parity: 0)
        case 1, 28: self.init(compact: compact, parity: 1)
        default: throw .recoveryIdentifier
        }
        guard Secp256k1.isCanonical(compact) else { throw .outOfRange }
    }

    /// Reads the same as hexadecimal text, with or without `0x`.
    package init(hexadecimal text: String) throws(SignatureError) {
        guard let bytes = Hexadecimal.decode(text) else { throw .malformed }
        try self.init(bytes)
    }

    /// r ‖ s ‖ v with v 27 or 28.
    package var bytes: [UInt8] { r + s + [27 + yParity] }
    package var hexadecimal: String { "0x" + Hexadecimal.encode(bytes) }

    /// The address of the key that signed `digest`; any digest has one, so compare it with the expected address.
    ///
    /// - Precondition: `digest` has 32 bytes.
    package func recoverAddress(digest: [UInt8]) throws(SignatureError) -> Address {
        precondition(digest.count == 32)
        guard let key = SignerRecovery.publicKey(of: r + s, parity: Int32(yParity), digest: digest) else {
            throw .unrecoverable
        }
        return Address(publicKey: key)
    }
}
