internal import CSystem
package import Shared

/// Why bytes or a text are no private key.
package enum KeyError: Error, Equatable {
    /// Not 32 bytes.
    case wrongLength
    case notHexadecimal
    /// Zero, or not below the order of the curve.
    case outOfRange
    case memory(SecretMemoryError)
}

/// The key that signs for the node. It stays in secret memory from its making to its end.
package final class PrivateKey: Sendable {
    static let byteCount = 32

    private let secret: SecretBytes
    /// 65 bytes, uncompressed: 4, x, y.
    package let publicKey: [UInt8]
    package let address: Address

    package init(_ secret: consuming SecretBytes) throws(KeyError) {
        guard secret.count == PrivateKey.byteCount else { throw .wrongLength }
        let derived = Secp256k1.publicKey(of: secret)
        csystem_wipe_stack()
        guard let derived else { throw .outOfRange }
        self.secret = secret
        publicKey = derived
        address = Address(publicKey: derived)
    }

    /// Reads 64 hexadecimal digits of either case, with or without `0x`, and nothing around them.
    package convenience init(hexadecimal text: borrowing SecretBytes) throws(KeyError) {
        let decoded: SecretBytes
        do {
            decoded = try SecretBytes.decodingHexadecimal(text)
        } catch let error as SecretMemoryError {
            throw .memory(error)
        } catch {
            throw .notHexadecimal
        }
        try self.init(decoded)
    }

    /// A new key from the kernel's random generator.
    package static func generate() throws(KeyError) -> PrivateKey {
        while true {
            let candidate: SecretBytes
            do throws(SecretMemoryError) {
                candidate = try SecretBytes.random(count: byteCount)
            } catch { throw .memory(error) }
            do throws(KeyError) {
                return try PrivateKey(candidate)
            } catch {
                // One draw in 2^128 is no key; nothing else can fail here.
                guard error == .outOfRange else { throw error }
            }
        }
    }

    /// Signs a digest deterministically (RFC 6979), s in the lower half (EIP-2).
    ///
    /// - Precondition: `digest` has 32 bytes.
    package func sign(digest: [UInt8]) -> Signature {
        precondition(digest.count == 32)
        let (compact, parity) = Secp256k1.sign(digest, with: secret)
        // libsecp256k1 clears the nonce with a plain memset, which a compiler may drop.
        csystem_wipe_stack()
        return Signature(compact: compact, parity: parity)
    }

    /// Signs a message as wallets do (EIP-191, `personal_sign`).
    package func signMessage(_ message: [UInt8]) -> Signature { sign(digest: EIP191.digest(message: message)) }

    /// Lends the 32 bytes to the keystore's writer.
    func withSecret<R>(_ body: (borrowing SecretBytes) -> R) -> R { body(secret) }
}
