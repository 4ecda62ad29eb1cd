package import Ethereum
internal import Shared

/// A node's entry in the network's registry, made once in its life.
package struct Registration: Sendable {
    /// What a registration costs at most.
    package struct Cost: Sendable {
        package let gas: Amount
        /// ETH that the registry asks for.
        package let stake: Amount
    }

    private let access: ChainAccess
    private let node: Address

    package init(_ access: ChainAccess, node: Address) {
        self.access = access
        self.node = node
    }

    /// What the registry has; an endpoint that is away is an error, never "not registered".
    package func record() async throws(ContractError) -> NodeRegistryContract.Record {
        try await access.registry.record(of: node)
    }

    /// - Parameter agree: is shown the cost before anything is signed; false ends it.
    /// - Returns: nil where the caller did not agree.
    package func register(
        _ certificate: Certificate, over queue: TransactionQueue, agree: (Cost) throws -> Bool,
        telling: @escaping ChainStep.Listener
    ) async throws -> Receipt? {
        let stake = try await access.registry.minimumStake()
        let intent = access.registry.register(
            tier: certificate.tier, attestationHash: certificate.word, expires: UInt64(max(0, certificate.expiry)),
            models: certificate.models, stake: stake, from: node)
        let cost = try await queue.quote(intent)
        guard try agree(Cost(gas: cost, stake: stake)) else { return nil }
        return try await queue.complete(intent, telling: telling)
    }
}

extension Certificate {
    /// The certificate's hash as the registry keeps it: the coordinator's 16 bytes with zeros behind them (icl.md 3), or
    /// the digest of a text that is no such hash.
    var word: [UInt8] {
        guard let bytes = Hexadecimal.decode(hash), (1...32).contains(bytes.count) else {
            return SHA256.hash(Array(hash.utf8))
        }
        return bytes + [UInt8](repeating: 0, count: 32 - bytes.count)
    }
}
