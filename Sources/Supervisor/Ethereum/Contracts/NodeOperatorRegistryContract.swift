/// NodeOperatorRegistry: an older registry of nodes, with a stake in ETH by tier (chain.md 4). Never deployed on Arbitrum
/// Sepolia.
package struct NodeOperatorRegistryContract: Sendable {
    /// Times in Unix seconds by the chain's clock.
    package struct Record: Sendable, Equatable {
        package let registeredAt: UInt64
        package let lastHeartbeat: UInt64

        package var isRegistered: Bool { registeredAt != 0 }
    }

    private static let nodes = ContractFunction(
        "nodes(address)",
        answers:
            "address,string,string,bool,string,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,bool")
    private static let minimumStakes = (0...2).map {
        ContractFunction("TIER\($0)_MIN_STAKE()", answers: "uint256")
    }
    private static let register = ContractFunction("register(string,uint8[],string,bool,string)")
    private static let updateHeartbeat = ContractFunction("updateHeartbeat()")
    private static let registered = ContractEvent("NodeRegistered(address,uint8[],string,bool)", indexed: 1)
    private static let beat = ContractEvent("HeartbeatReceived(address,uint256)", indexed: 1)

    private let contract: Contract

    package init(_ contract: Contract) { self.contract = contract }

    package func record(of node: Address) async throws(ContractError) -> Record {
        let fields = try await contract.ask(NodeOperatorRegistryContract.nodes, .address(node))
        guard fields.count == 14, let registeredAt = fields[6].number, let lastHeartbeat = fields[7].number else {
            throw .notThisContract(contract.address)
        }
        return Record(registeredAt: registeredAt, lastHeartbeat: lastHeartbeat)
    }

    /// The least ETH of a tier, 0 to 2.
    package func minimumStake(tier: Int) async throws(ContractError) -> Amount {
        let function = NodeOperatorRegistryContract.minimumStakes[min(max(0, tier), 2)]
        guard let amount = try await contract.ask(function).first?.amount else {
            throw .notThisContract(contract.address)
        }
        return amount
    }

    /// - Parameters:
    ///   - attestation: the certificate's hash, as text.
    ///   - modelTiers: one for each model.
    package func register(
        attestation: String, modelTiers: [Int], zeroDataRetention: Bool, stake: Amount, from node: Address
    ) -> Intent {
        contract.intent(
            "register", NodeOperatorRegistryContract.register, .string(attestation),
            .array(modelTiers.map { .uint(Word(UInt64($0))) }),
            // Location and jurisdiction, as the published node fills them in.
            .string("unknown"), .bool(zeroDataRetention), .string("global"), from: node, value: stake,
            gasCeiling: 4_000_000, event: NodeOperatorRegistryContract.registered, indexed: .address(node))
    }

    package func heartbeat(from node: Address) -> Intent {
        contract.intent(
            "heartbeat", NodeOperatorRegistryContract.updateHeartbeat, from: node, gasCeiling: 300_000,
            event: NodeOperatorRegistryContract.beat, indexed: .address(node))
    }
}
