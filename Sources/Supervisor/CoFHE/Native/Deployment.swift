package import Ethereum

/// CoFHE as it stands on one chain: which generation, and the contracts that everything else is held against (cofhe.md
/// 0). Read from the chain, pinned in every field that a permit is signed for, never assumed.
package struct Deployment: Sendable, Equatable {
    package enum Generation: String, Sendable, CaseIterable {
        /// Permits V2: all of the issuer's ciphertexts.
        case a
        /// ACP: for exactly the handles that are named.
        case b
        /// ACP, and the contracts' addresses in a book.
        case c
    }

    package let generation: Generation
    package let taskManager: Address
    package let accessControl: Address
    /// Nil where the chain has turned the check of answers off.
    package let resultSigner: Address?
    /// Nil where the chain has turned the check of inputs off.
    package let verifierSigner: Address?
    /// By which permits can be taken back; only newer generations have it.
    package let revoker: Address?

    /// Where older deployments have their TaskManager, on every chain.
    package static let fixedTaskManager = known("0xeA30c4B8b44078Bbf8a6ef5b9f1eC1626C7848D9")
    package static let addressBook = known("0xC0F4e00E531a2B086492Ae3DCC1515038307196b")
    /// Name, version, chain and contract count; salt and extensions do not.
    private static let standardFields: UInt8 = 0x0f

    private static func known(_ text: String) -> Address {
        do { return try Address(text) } catch { preconditionFailure("\(text) is no address") }
    }

    init(
        generation: Generation, taskManager: Address, accessControl: Address, resultSigner: Address?,
        verifierSigner: Address?, revoker: Address?
    ) {
        self.generation = generation
        self.taskManager = taskManager
        self.accessControl = accessControl
        self.resultSigner = resultSigner
        self.verifierSigner = verifierSigner
        self.revoker = revoker
    }

    /// Reads what the chain has.
    package init(detectedOn rpc: RPCClient) async throws(ThresholdError) {
        let hasBook: Bool
        do throws(RPCError) { hasBook = try await rpc.hasCode(Deployment.addressBook) } catch { throw .unreachable }
        let managerAddress =
            hasBook
            ? try await Deployment.ofContract(.noTaskManager) { () throws(ContractError) in
                try await AddressBookContract(Contract(Deployment.addressBook, rpc)).taskManager()
            } : Deployment.fixedTaskManager
        let manager = TaskManagerContract(Contract(managerAddress, rpc))
        let accessControl = try await Deployment.ofContract(.noTaskManager) { () throws(ContractError) in
            try await manager.accessControl()
        }
        let control = AccessControlContract(Contract(accessControl, rpc))
        let domain = try await Deployment.ofContract(.noAccessControl) { () throws(ContractError) in
            try await control.domain()
        }
        if let fault = Deployment.fault(in: domain, chainID: rpc.chainID, accessControl) {
            throw .unknownDeployment(fault)
        }
        taskManager = managerAddress
        self.accessControl = accessControl
        generation = domain.version == "1" ? .a : hasBook ? .c : .b
        resultSigner = try await Deployment.ofContract(.noTaskManager) { () throws(ContractError) in
            try await manager.resultSigner()
        }
        verifierSigner = try await Deployment.ofContract(.noTaskManager) { () throws(ContractError) in
            try await manager.verifierSigner()
        }
        var revoker: Address?
        if generation != .a {
            // Without one, a permit lives until it expires.
            do throws(ContractError) { revoker = try await control.defaultRevoker() } catch {
                if case .rpc = error { throw .unreachable }
            }
        }
        self.revoker = revoker
    }

    /// What is wrong with the domain that permits would be signed for: an endpoint could have a permit for another
    /// contract, or another chain, signed by what it answers here.
    static func fault(
        in domain: AccessControlContract.Domain, chainID: UInt64, _ accessControl: Address
    ) -> DeploymentFault? {
        guard domain.fields == standardFields else { return .domainFields }
        guard domain.name == "ACL" else { return .domainName }
        guard ["1", "2"].contains(domain.version) else { return .domainVersion }
        guard domain.chainID == Word(chainID) else { return .domainChain }
        guard domain.verifyingContract == accessControl, accessControl != .zero else { return .domainContract }
        return nil
    }

    private static func ofContract<R>(
        _ fault: DeploymentFault, _ body: () async throws(ContractError) -> R
    ) async throws(ThresholdError) -> R {
        do throws(ContractError) { return try await body() } catch {
            if case .rpc = error { throw .unreachable }
            throw .unknownDeployment(fault)
        }
    }
}
