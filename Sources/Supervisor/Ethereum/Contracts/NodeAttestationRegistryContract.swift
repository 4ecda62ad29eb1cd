internal import Shared

/// NodeAttestationRegistry: documents about a node, signed by the node (chain.md 3). Anybody may send a signed one again
/// until it expires, a withdrawn one too: short lives are the only end.
package struct NodeAttestationRegistryContract: Sendable {
    /// A document, and from when until when it counts: Unix seconds by the chain's clock.
    package struct Statement: Sendable, Equatable {
        package let hash: [UInt8]
        package let effective: UInt64
        package let expires: UInt64

        /// - Parameter hash: 32 bytes.
        package init(hash: [UInt8], effective: UInt64, expires: UInt64) {
            self.hash = hash
            self.effective = effective
            self.expires = expires
        }
    }

    /// The type under which the network looks for nodes; the published node's constant, for which no preimage is known
    /// (chain.md 5).
    package static let availability: [UInt8] =
        Hexadecimal.decode("0xca0ac5323d72ba0e8e9c7657401f1b7e45a00f51fe8b62e62c975d72ed2b17a4") ?? []
    private static let purpose = Keccak256.hash(Array("blindference.node-attestation.v1".utf8))
    private static let hasValid = ContractFunction("hasValid(address,bytes32,address)", answers: "bool")
    private static let commit = ContractFunction("commit(address,bytes32,bytes32,address,uint64,uint64,bytes)")
    private static let committed = ContractEvent(
        "AttestationCommitted(address,bytes32,address,bytes32,uint64,uint64)", indexed: 3)

    private let contract: Contract

    package init(_ contract: Contract) { self.contract = contract }

    /// Whether a statement about the node counts now, for everybody.
    package func hasValid(_ node: Address) async throws(ContractError) -> Bool {
        let answer = try await contract.ask(
            NodeAttestationRegistryContract.hasValid, .address(node),
            .bytes(NodeAttestationRegistryContract.availability), .address(.zero))
        guard let truth = answer.first?.truth else { throw .notThisContract(contract.address) }
        return truth
    }

    /// Signs the statement, and has the signature stored.
    package func commit(_ statement: Statement, by wallet: PrivateKey) -> Intent {
        let signature = wallet.signMessage(digest(of: statement, node: wallet.address))
        return commit(statement, about: wallet.address, signature: signature.bytes)
    }

    package func commit(_ statement: Statement, about node: Address, signature: [UInt8]) -> Intent {
        let type = ABIValue.bytes(NodeAttestationRegistryContract.availability)
        return contract.intent(
            "commit_attestation", NodeAttestationRegistryContract.commit, .address(node), type,
            .bytes(statement.hash), .address(.zero), .uint(Word(statement.effective)), .uint(Word(statement.expires)),
            .bytes(signature), from: node, gasCeiling: 1_000_000,
            event: NodeAttestationRegistryContract.committed, indexed: .address(node), type, .address(.zero))
    }

    /// As the contract computes it, and as a message signed. The chain and the contract are the configured ones: asking
    /// an endpoint for the digest would mean signing whatever it answers.
    private func digest(of statement: Statement, node: Address) -> [UInt8] {
        func word(_ address: Address) -> [UInt8] { [UInt8](repeating: 0, count: 12) + address.bytes }
        return Keccak256.hash(
            NodeAttestationRegistryContract.purpose + Word(contract.rpc.chainID).bytes + word(contract.address)
                + word(node) + NodeAttestationRegistryContract.availability + statement.hash + word(.zero)
                + Word(statement.effective).bytes + Word(statement.expires).bytes)
    }
}
