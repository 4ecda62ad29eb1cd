package import Ethereum

/// A node's entry in the network's registry, made once in its life.
package struct Registration: Sendable {
    package struct Cost: Sendable {
        /// ETH for gas and stake together.
        package let most: Amount
        /// ETH that the registry asks for.
        package let stake: Amount
    }

    private let access: ChainAccess
    private let registry: any Registry
    private let wallet: PrivateKey

    package init(_ access: ChainAccess, wallet: PrivateKey) throws(ChainFailure) {
        guard let registry = access.registry else { throw .noRegistry }
        self.access = access
        self.registry = registry
        self.wallet = wallet
    }

    /// What the registry says; an endpoint that is away is an error, never "not registered".
    package var standing: RegistryStanding {
        get async throws(ContractError) { try await registry.standing(of: wallet.address) }
    }

    /// - Parameter agree: is shown the cost before anything is signed; false ends it.
    /// - Returns: nil where the caller did not agree.
    package func register(
        _ certificate: Certificate, over queue: TransactionQueue, agree: (Cost) throws -> Bool,
        telling: @escaping ChainStep.Listener
    ) async throws -> Receipt? {
        let now: UInt64
        do throws(RPCError) { now = try await access.rpc.block().timestamp } catch {
            throw ChainFailure.contract(.rpc(error))
        }
        let intent = try await registry.registration(of: certificate, from: wallet.address, at: now)
        let stake = intent.call.value
        // The registry's price is an endpoint's word.
        guard stake <= access.registryStake else {
            throw ChainFailure.registryStakeAboveCeiling(needed: stake, ceiling: access.registryStake)
        }
        // No statement can be simulated without its signature, which an endpoint sees only once it is agreed to.
        let sign = registry.signing(of: certificate, at: now)
        let cost: Amount
        if sign == nil {
            cost = try await queue.quote(intent)
        } else {
            try await queue.confirmFree()
            cost = try await queue.bound(intent)
        }
        guard try agree(Cost(most: cost, stake: stake)) else { return nil }
        return try await queue.complete(sign?(wallet) ?? intent, telling: telling)
    }
}
