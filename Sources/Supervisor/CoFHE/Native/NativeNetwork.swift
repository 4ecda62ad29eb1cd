package import Ethereum
package import HTTPTransport
package import Shared

/// CoFHE as the network speaks it itself, in all generations (cofhe.md 0 to 3).
///
/// Before the network is asked to decrypt, the chain is: whether the coordinator names the key that stands there, and
/// whether this node may use it. What is asked in vain costs the node nothing, for the job is not claimed yet. The chain's
/// endpoints are never shown a permit of this node's: whoever has one can have the key decrypted in clear, so it goes to
/// the network alone. Whether the chain takes permits of their form is asked with one that opens nothing.
package actor NativeNetwork: ThresholdNetwork {
    private let rpc: RPCClient
    private let keyStore: PromptKeyStoreContract
    private let service: ServiceURL
    private let client: any HTTPClient
    private let wallet: PrivateKey
    private let gate: PermitGate
    private let verifier: InputVerifier?
    private let patience: SealPatience
    private let surroundings: Surroundings
    private var known: (deployment: Deployment, takesPermits: Bool, until: Duration)?

    /// How long the contracts of a chain are believed to be the same; a sign that they are not ends it at once.
    private static let memory = Duration.seconds(600)
    /// Milliseconds for a helper to encrypt and prove.
    private static let packing = 120_000

    /// - Parameters:
    ///   - service: of the threshold network.
    ///   - verifier: nil where there is no helper to encrypt, so that the node does not lead.
    package init(
        rpc: RPCClient, keyStore: PromptKeyStoreContract, service: ServiceURL, client: any HTTPClient,
        wallet: PrivateKey, gate: PermitGate, verifier: InputVerifier? = nil, patience: SealPatience = SealPatience(),
        surroundings: Surroundings = .system
    ) {
        self.rpc = rpc
        self.keyStore = keyStore
        self.service = service
        self.client = client
        self.wallet = wallet
        self.gate = gate
        self.verifier = verifier
        self.patience = patience
        self.surroundings = surroundings
    }

    /// The generation and contracts of the chain, as far as they are known by now.
    package func deployment() async throws(ThresholdError) -> Deployment {
        let now = surroundings.elapsed()
        if let known, now < known.until { return known.deployment }
        let deployment = try await Deployment(detectedOn: rpc)
        known = (deployment, false, now + NativeNetwork.memory)
        return deployment
    }

    /// The same, where its chain takes permits of the form that this node signs.
    private func deploymentForPermits() async throws(ThresholdError) -> Deployment {
        let deployment = try await deployment()
        if known?.takesPermits != true {
            try await checkPermits(deployment)
            if known?.deployment == deployment { known?.takesPermits = true }
        }
        return deployment
    }

    package func seal() async throws(ThresholdError) -> JobOrder.Seal {
        .box(seal(of: try await deploymentForPermits()))
    }

    private nonisolated func seal(of deployment: Deployment) -> BoxSeal {
        BoxSeal(chainID: rpc.chainID, signer: deployment.resultSigner?.bytes)
    }

    package nonisolated var encryption: EncryptionOrder? {
        verifier == nil ? nil : .helper(timeout: NativeNetwork.packing)
    }

    package func inputs(_ packed: [UInt8]) async throws(ThresholdError) -> InputVerifier.Halves {
        guard let verifier else { throw .refused }
        let deployment = try await deployment()
        let halves: InputVerifier.Halves
        do throws(ThresholdError) { halves = try await verifier.inputs(packed, on: deployment) } catch {
            // Signed by others, or not known there: the contracts may be new ones.
            switch error {
            case .forged, .unknownDeployment: known = nil
            default: break
            }
            throw error
        }
        // The verifier's signature has no date: an earlier answer's key would be given to this one's user.
        let manager = TaskManagerContract(Contract(deployment.taskManager, rpc))
        for half in [halves.high, halves.low] {
            guard try await !isAllowed(manager, half.storedHandle, to: keyStore.address).get() else { throw .forged }
        }
        return halves
    }

    /// The coordinator may know a ciphertext by its hash alone, or by another node's idea of its last two bytes: what is
    /// asked of chain and network is the half of a key that it must be, and a hash that is none is allowed to nobody.
    package nonisolated func named(_ handles: KeyHandles) -> KeyHandles {
        KeyHandles(high: handles.high.asKeyHalf, low: handles.low.asKeyHalf)
    }

    package func sealedKey(
        _ handles: KeyHandles, of job: String, to sealingKey: [UInt8], as ordered: JobOrder.Seal
    ) async throws(ThresholdError) -> SealedKey {
        guard handles.high.isKeyHalf, handles.low.isKeyHalf else { throw .handleUnsupported }
        do throws(ThresholdError) { return try await sealed(handles, of: job, to: sealingKey, as: ordered) } catch {
            // Each of these may mean that the contracts are new ones.
            switch error {
            case .forged, .denied, .unknownDeployment: known = nil
            default: break
            }
            throw error
        }
    }

    private func sealed(
        _ handles: KeyHandles, of job: String, to sealingKey: [UInt8], as ordered: JobOrder.Seal
    ) async throws(ThresholdError) -> SealedKey {
        // A second permit, where the first was of another generation, for another contract, or too old. Any other reason
        // to refuse it stays.
        var refusal = ThresholdError.refused
        // One budget for both.
        let end = surroundings.elapsed() + patience.budget
        for _ in 0..<2 {
            let deployment = try await deploymentForPermits()
            // What the worker was told to expect must still be so: afterwards the job is claimed.
            let seal = seal(of: deployment)
            guard ordered == .box(seal) else { throw .notReady }
            try await checkChain(deployment, handles, job)
            let permission = try gate.permission(
                for: handles, of: job, to: sealingKey, on: deployment, by: wallet,
                at: UInt64(surroundings.unixTime()))
            async let high = call(handles.high, permission, until: end)
            async let low = call(handles.low, permission, until: end)
            switch (try await high.get(), try await low.get()) {
            case (.sealed(let high), .sealed(let low)):
                guard seal.isSigned(high.body, for: handles.high), seal.isSigned(low.body, for: handles.low) else {
                    throw .forged
                }
                return SealedKey(high: high.body, low: low.body)
            case (.permitRefused(let error), _), (_, .permitRefused(let error)): refusal = error
            }
            known = nil
        }
        throw refusal
    }

    private nonisolated func call(
        _ handle: CiphertextHandle, _ permission: Permission, until end: Duration
    ) async -> Result<SealOutputCall.Outcome, ThresholdError> {
        let call = SealOutputCall(
            service: service, client: client, patience: patience, surroundings: surroundings, chainID: rpc.chainID,
            handle: handle, permission: permission, end: end)
        do throws(ThresholdError) { return .success(try await call.run()) } catch { return .failure(error) }
    }

    // MARK: - Asking the chain first

    private typealias Answer = Result<Bool, ThresholdError>

    private nonisolated func checkChain(
        _ deployment: Deployment, _ handles: KeyHandles, _ job: String
    ) async throws(ThresholdError) {
        let manager = TaskManagerContract(Contract(deployment.taskManager, rpc))
        async let isSame = isOnChain(handles, of: job)
        async let mayUseHigh = isAllowed(manager, handles.high.word, to: wallet.address)
        async let mayUseLow = isAllowed(manager, handles.low.word, to: wallet.address)
        let answers = await (isSame, mayUseHigh, mayUseLow)
        guard try answers.0.get() else { throw .handleMismatch }
        guard try answers.1.get(), try answers.2.get() else { throw .denied }
    }

    /// Asks what the network asks of every permit, about one that opens nothing. A chain that takes the signature may
    /// refuse the permit for its time, or as taken back; only that the form is none of its own is a verdict on all.
    private nonisolated func checkPermits(_ deployment: Deployment) async throws(ThresholdError) {
        let trial = try gate.trial(on: deployment, at: UInt64(surroundings.unixTime()))
        let manager = TaskManagerContract(Contract(deployment.taskManager, rpc))
        do throws(ContractError) { _ = try await manager.isAllowed(Word(0), with: trial.argument) } catch {
            switch error {
            case .rpc: throw .unreachable
            case .reverted(.custom(name: "PermissionInvalid_Expired", _)): throw .clockBehind
            case .reverted(.custom(name: "PermissionInvalid_Disabled", _)): return
            case .reverted, .notThisContract: throw .unknownDeployment(.permitForm)
            }
        }
    }

    /// Whether the store has no other key for the job. It is asked only under ids that it can have; where it has none,
    /// the coordinator has the handles from the user.
    private nonisolated func isOnChain(_ handles: KeyHandles, of job: String) async -> Answer {
        guard let id = Hexadecimal.decode(job), id.count == 32 else { return .success(true) }
        do throws(ContractError) {
            let stored = try await keyStore.handles(id)
            return .success(
                (stored.high == Word(0) && stored.low == Word(0))
                    || (stored.high == handles.high.word && stored.low == handles.low.word))
        } catch { return .failure(NativeNetwork.failure(error, .noKeyStore)) }
    }

    private nonisolated func isAllowed(
        _ manager: TaskManagerContract, _ handle: Word, to account: Address
    ) async -> Answer {
        do throws(ContractError) { return .success(try await manager.isAllowed(handle, to: account)) } catch {
            return .failure(NativeNetwork.failure(error, .noTaskManager))
        }
    }

    private static func failure(_ error: ContractError, _ missing: DeploymentFault) -> ThresholdError {
        switch error {
        case .rpc: .unreachable
        case .reverted: .denied
        case .notThisContract: .unknownDeployment(missing)
        }
    }
}

extension BoxSeal {
    fileprivate func isSigned(_ sealed: [UInt8], for handle: CiphertextHandle) -> Bool {
        sealed.withUnsafeBytes { isSigned($0, for: handle) }
    }
}

extension CiphertextHandle {
    // Both have 32 bytes.
    package var word: Word { Word(bytes: bytes) ?? Word(0) }
}
