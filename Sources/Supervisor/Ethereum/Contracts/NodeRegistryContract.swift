/// NodeRegistry: who is a node (chain.md 3). Its `isActive` proves nothing about attestation to others, for anybody may
/// claim anything in `register`.
package struct NodeRegistryContract: Sendable {
    /// A node's record; times in Unix seconds by the chain's clock.
    package struct Record: Sendable, Equatable {
        package let tier: Int
        package let attestationHash: [UInt8]
        package let registeredAt: UInt64
        package let lastHeartbeat: UInt64
        package let attestationExpires: UInt64
        package let models: [String]

        /// The registry never forgets a node, and takes no second registration.
        package var isRegistered: Bool { registeredAt != 0 }
    }

    private static let getNode = ContractFunction(
        "getNode(address)", answers: "(address,uint8,bytes32,uint64,uint64,uint64,bool,string[],uint256)")
    private static let isActive = ContractFunction("isActive(address)", answers: "bool")
    private static let grace = ContractFunction("heartbeatGraceSeconds()", answers: "uint64")
    private static let minStake = ContractFunction("minStake()", answers: "uint256")
    private static let register = ContractFunction("register(uint8,bytes32,uint64,string[])", answers: "bool")
    private static let heartbeat = ContractFunction("heartbeat()")
    private static let registered = ContractEvent("NodeRegistered(address,uint8,string[],uint256)", indexed: 1)
    private static let beaten = ContractEvent("Heartbeat(address,uint64)", indexed: 1)

    private let contract: Contract

    package init(_ contract: Contract) { self.contract = contract }

    package var address: Address { contract.address }

    package func record(of node: Address) async throws(ContractError) -> Record {
        guard case .tuple(let fields)? = try await contract.ask(NodeRegistryContract.getNode, .address(node)).first,
            fields.count == 9, let tier = fields[1].number, case .bytes(let hash) = fields[2],
            let registeredAt = fields[3].number, let lastHeartbeat = fields[4].number,
            let expires = fields[5].number, case .array(let models) = fields[7]
        else { throw .notThisContract(address) }
        return Record(
            tier: Int(clamping: tier), attestationHash: hash, registeredAt: registeredAt, lastHeartbeat: lastHeartbeat,
            attestationExpires: expires,
            models: models.compactMap { if case .string(let text) = $0 { text } else { nil } })
    }

    /// Registered, the attestation not expired, the last heartbeat within the grace: computed now.
    package func isActive(_ node: Address) async throws(ContractError) -> Bool {
        guard let isActive = try await contract.ask(NodeRegistryContract.isActive, .address(node)).first?.truth else {
            throw .notThisContract(address)
        }
        return isActive
    }

    /// For how many seconds a heartbeat counts. 0 on a registry that nobody has set up: a node is then active for no
    /// longer than the second of its heartbeat.
    package func heartbeatGrace() async throws(ContractError) -> UInt64 {
        guard let seconds = try await contract.ask(NodeRegistryContract.grace).first?.number else {
            throw .notThisContract(address)
        }
        return seconds
    }

    /// The least ETH that goes with a registration.
    package func minimumStake() async throws(ContractError) -> Amount {
        guard let amount = try await contract.ask(NodeRegistryContract.minStake).first?.amount else {
            throw .notThisContract(address)
        }
        return amount
    }

    /// - Parameters:
    ///   - attestationHash: 32 bytes.
    ///   - expires: Unix seconds.
    ///   - stake: at least `minimumStake()`.
    package func register(
        tier: Int, attestationHash: [UInt8], expires: UInt64, models: [String], stake: Amount, from node: Address
    ) -> Intent {
        contract.intent(
            "register", NodeRegistryContract.register, .uint(Word(UInt64(tier))), .bytes(attestationHash),
            .uint(Word(expires)), .array(models.map { .string($0) }), from: node, value: stake,
            gasCeiling: 4_000_000, event: NodeRegistryContract.registered, indexed: .address(node))
    }

    package func beat(from node: Address) -> Intent {
        contract.intent(
            "heartbeat", NodeRegistryContract.heartbeat, from: node, gasCeiling: 300_000,
            event: NodeRegistryContract.beaten, indexed: .address(node))
    }
}
