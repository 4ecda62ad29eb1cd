/// By whom, and for which chain, the network's answers must be signed (cofhe.md 1.6). Both ends check: the supervisor
/// before it claims the job, the worker because it believes nobody.
package struct BoxSeal: Sendable, Equatable {
    package let chainID: UInt64
    /// 20 bytes; nil where the chain itself says that answers are not signed.
    package let signer: [UInt8]?

    private static let signatureBytes = 65

    package init(chainID: UInt64, signer: [UInt8]?) {
        self.chainID = chainID
        self.signer = signer
    }

    /// How long the signature behind a box is.
    package var signatureBytes: Int { signer == nil ? 0 : BoxSeal.signatureBytes }

    /// Whether a box with its signature r ‖ s ‖ v behind it is the signer's, for this handle. The signature binds
    /// everything in front of it to type, chain and handle: another half, or another job's answer, is not.
    package func isSigned(_ sealed: UnsafeRawBufferPointer, for handle: CiphertextHandle) -> Bool {
        guard let signer else { return true }
        guard sealed.count > BoxSeal.signatureBytes else { return false }
        let box = Array(sealed.dropLast(BoxSeal.signatureBytes))
        let chain = (0..<8).map { UInt8(truncatingIfNeeded: chainID >> UInt64(56 - 8 * $0)) }
        let digest = Keccak256.hash(box + [0, 0, 0, CiphertextHandle.uint128] + chain + handle.bytes)
        return SignerRecovery.account(of: Array(sealed.suffix(BoxSeal.signatureBytes)), digest: digest) == signer
    }
}
