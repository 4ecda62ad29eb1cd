package import Shared

/// The network that holds key halves as ciphertexts: it seals them to a worker, and encrypts new ones.
package protocol ThresholdNetwork: Sendable {
    /// How this network seals now, so that the worker knows how to open.
    func seal() async throws(ThresholdError) -> JobOrder.Seal

    /// The handles as this network knows them.
    func named(_ handles: KeyHandles) -> KeyHandles

    /// Both halves of the key of `job`'s prompt, sealed to `sealingKey` (a worker's X25519 public key, 32 bytes). The
    /// halves are asked for in parallel. Nobody but the owner of the sealing secret can open what comes back.
    ///
    /// - Parameter ordered: what the worker was told of the seal. Where that is no longer so, nothing is asked for.
    func sealedKey(
        _ handles: KeyHandles, of job: String, to sealingKey: [UInt8], as ordered: JobOrder.Seal
    ) async throws(ThresholdError) -> SealedKey

    /// How a leader's worker has its output key encrypted for later decryption by the user; nil where that is not
    /// possible, so that the node does not lead.
    var encryption: EncryptionOrder? { get }

    /// What the key store takes for what a helper packed.
    func inputs(_ packed: [UInt8]) async throws(ThresholdError) -> InputVerifier.Halves
}

extension ThresholdNetwork {
    package func named(_ handles: KeyHandles) -> KeyHandles { handles }
    package func inputs(_ packed: [UInt8]) async throws(ThresholdError) -> InputVerifier.Halves { throw .refused }
}

/// The handles of a key's two halves: bytes 0-15 and 16-31, each as a big-endian integer.
package struct KeyHandles: Sendable, Equatable {
    package let high: CiphertextHandle
    package let low: CiphertextHandle

    package init(high: CiphertextHandle, low: CiphertextHandle) {
        self.high = high
        self.low = low
    }

    /// Zero is "no key stored", never a ciphertext.
    package var areSet: Bool { !high.isZero && !low.isZero }
}

package struct SealedKey: Sendable, Equatable {
    package let high: [UInt8]
    package let low: [UInt8]

    package init(high: [UInt8], low: [UInt8]) {
        self.high = high
        self.low = low
    }
}

package enum ThresholdError: Error, Equatable, Sendable {
    /// No answer within the budget: of the network's services, or of the chain's endpoints.
    case unreachable
    /// The network knows the ciphertext, or will, but did not have it ready within the budget.
    case notReady
    /// The chain does not let this node use this ciphertext.
    case denied
    /// The network will not decrypt this handle for this node.
    case refused
    /// An answer that makes no sense.
    case malformed
    /// An answer that the network's signer has not signed for this handle.
    case forged
    case permitNotSigned
    /// The chain says that a permit of this minute has expired: this machine's clock is behind.
    case clockBehind
    /// The chain's contracts are of no generation that this node knows.
    case unknownDeployment(DeploymentFault)
    /// Not the handle of a half of a key.
    case handleUnsupported
    /// The chain has another key for this job than the coordinator says.
    case handleMismatch
    /// The network has other keys than the pinned ones; their SHA-256.
    case keysChanged(found: String)
    /// The network's keys cannot be written or read on this machine.
    case keysNotKept

    /// One word for the log.
    package var code: String {
        switch self {
        case .unreachable: "unreachable"
        case .notReady: "not_ready"
        case .denied: "denied"
        case .refused: "refused"
        case .malformed: "malformed"
        case .forged: "forged"
        case .permitNotSigned: "permit_not_signed"
        case .clockBehind: "clock_behind"
        case .unknownDeployment(let fault): fault.rawValue
        case .handleUnsupported: "handle_unsupported"
        case .handleMismatch: "handle_mismatch"
        case .keysChanged: "network_keys_changed"
        case .keysNotKept: "network_keys_not_kept"
        }
    }
}

/// What is strange about the contracts of a chain.
package enum DeploymentFault: String, Error, Sendable, CaseIterable {
    case noTaskManager = "no_task_manager"
    case noAccessControl = "no_access_control"
    case noKeyStore = "no_key_store"
    case domainFields = "domain_fields"
    case domainName = "domain_name"
    case domainVersion = "domain_version"
    case domainChain = "domain_chain"
    case domainContract = "domain_contract"
    /// The chain takes no permit of the form that its generation has.
    case permitForm = "permit_form"
    /// The verifier of inputs does not know this generation.
    case verifier
}
