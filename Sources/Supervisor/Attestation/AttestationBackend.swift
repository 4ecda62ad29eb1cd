/// What a node can prove about the machine it runs on.
package protocol AttestationBackend: Sendable {
    /// The coordinator's word for this kind of evidence: `mock`, `tpm`, `sev`, `tdx`.
    var type: String { get }
    /// SHA-256 of what runs here, 32 bytes.
    var runtimeHash: [UInt8] { get }
    /// Evidence bound to the coordinator's nonce, and, where it can bind more, to what the workers are.
    ///
    /// - Parameter manifest: SHA-256 of the sandbox manifest, 32 bytes.
    func quote(nonce: [UInt8], manifest: [UInt8]) async throws(AttestationError) -> [UInt8]
}

package enum AttestationError: Error, Equatable, Sendable {
    case nonceMalformed
    case deviceUnavailable
}
