package import Shared

/// Why a keystore could not be read, opened or written.
package enum KeystoreError: Error, Equatable {
    package enum Feature: String, Sendable { case version, cipher, keyDerivation, pseudorandomFunction }

    /// Not JSON, or a member is missing or senseless.
    case damaged
    /// The file asks for something that this node does not do.
    case unsupported(Feature)
    /// The file asks for more memory or time than this node grants. Refused before any of it is taken.
    case parametersTooLarge
    /// The MAC does not fit. The format cannot tell a wrong password from a changed file.
    case wrongPasswordOrDamaged
    /// The key inside is not that of the address in the file: the IV was changed, which no MAC covers, or the address.
    case addressMismatch
    case memory(SecretMemoryError)
    /// A library could not do its work, most likely for want of ordinary memory.
    case computationFailed
    case file(DurableFileError)
}
