internal import COpenSSL
internal import CSodium
internal import Shared

/// What one guess at the password costs, by scrypt (RFC 7914).
package struct ScryptCost: Equatable, Sendable {
    package let n: Int
    package let r: Int
    package let p: Int

    /// What geth and eth-account write: 256 MiB and about a second.
    package static let standard = ScryptCost(n: 262_144, r: 8, p: 1)

    package init(n: Int, r: Int, p: Int) {
        self.n = n
        self.r = r
        self.p = p
    }
}

/// How a keystore turns a password into the keys that encrypt it.
struct KeyDerivation: Equatable, Sendable {
    enum Function: Equatable, Sendable {
        case scrypt(ScryptCost)
        /// HMAC-SHA256 is the only function that the format knows.
        case pbkdf2(iterations: Int)
    }

    /// scrypt's scratch memory, 128·n·r bytes.
    static let maximumMemory = 512 << 20
    /// scrypt's blocks, p·r; 128 bytes of memory each.
    static let maximumBlocks = 1024
    /// scrypt's work, n·r·p: 32 times that of the standard cost, about half a minute.
    static let maximumWork = 1 << 26
    static let maximumIterations = 10_000_000
    static let saltLengths = 1...256
    static let lengths = 32...64

    let function: Function
    let salt: [UInt8]
    /// The length of the derived key; 16 bytes encrypt, the next 16 authenticate.
    let length: Int

    /// Refuses senseless and excessive parameters, before any memory is taken for them.
    init(_ function: Function, salt: [UInt8], length: Int) throws(KeystoreError) {
        guard KeyDerivation.lengths.contains(length), !salt.isEmpty else { throw .damaged }
        guard salt.count <= KeyDerivation.saltLengths.upperBound else { throw .parametersTooLarge }
        switch function {
        case .scrypt(let cost):
            guard cost.n > 1, cost.n & (cost.n - 1) == 0, cost.r > 0, cost.p > 0 else { throw .damaged }
            // Each factor is bounded first, so that no product can overflow.
            guard
                cost.n <= KeyDerivation.maximumMemory / 128, cost.r <= KeyDerivation.maximumBlocks,
                cost.p <= KeyDerivation.maximumBlocks, cost.n * cost.r <= KeyDerivation.maximumMemory / 128,
                cost.p * cost.r <= KeyDerivation.maximumBlocks,
                cost.n * cost.r * cost.p <= KeyDerivation.maximumWork
            else { throw .parametersTooLarge }
        case .pbkdf2(let iterations):
            guard iterations > 0 else { throw .damaged }
            guard iterations <= KeyDerivation.maximumIterations else { throw .parametersTooLarge }
        }
        self.function = function
        self.salt = salt
        self.length = length
    }

    /// Blocks the thread for as long as the parameters ask, about a second by default.
    func derive(from password: borrowing SecretBytes) throws(KeystoreError) -> SecretBytes {
        var derived: SecretBytes
        do throws(SecretMemoryError) {
            derived = try SecretBytes(zeros: length)
        } catch { throw .memory(error) }
        let count = password.count
        let done = derived.withMutablePointer { output in
            password.withPointer { text in
                switch function {
                // Not by OpenSSL, which refuses the format's own example (r = 1 with n = 2¹⁸).
                case .scrypt(let cost):
                    KeyDerivation.sodiumIsReady
                        && crypto_pwhash_scryptsalsa208sha256_ll(
                            text, count, salt, salt.count, UInt64(cost.n), UInt32(cost.r), UInt32(cost.p), output,
                            length) == 0
                case .pbkdf2(let iterations):
                    text.withMemoryRebound(to: CChar.self, capacity: count) {
                        PKCS5_PBKDF2_HMAC(
                            $0, Int32(count), salt, Int32(salt.count), Int32(iterations), EVP_sha256(), Int32(length),
                            output)
                    } == 1
                }
            }
        }
        guard done else { throw .computationFailed }
        return derived
    }

    // libsodium picks its fastest code here; a second call does nothing and reports 1.
    private static let sodiumIsReady = sodium_init() >= 0
}
