internal import Shared

/// ExecutionCommitmentRegistry: two nodes seal what they have computed, then open it, so that neither can copy the other
/// (chain.md 3). The coordinator dispatches no text job there (icl.md 2.2), so no job of a node comes by here yet.
package struct CommitmentRegistryContract: Sendable {
    package enum Role: UInt64, Sendable, CaseIterable { case executor = 0, crossVerifier }

    package enum Status: Int, Sendable {
        case none = 0, dispatched, partlyCommitted, committed, partlyRevealed, verified, escalated
    }

    private static let status = ContractFunction("statusOf(uint256)", answers: "uint8")
    private static let commit = ContractFunction("commit(uint256,uint8,bytes32)")
    private static let reveal = ContractFunction("reveal(uint256,uint8,bytes32,bytes32)")
    private static let committed = ContractEvent("Committed(uint256,uint8,address,bytes32)", indexed: 3)
    private static let revealed = ContractEvent("Revealed(uint256,uint8,address,bytes32)", indexed: 3)

    private let contract: Contract

    package init(_ contract: Contract) { self.contract = contract }

    package func status(of invocation: Word) async throws(ContractError) -> Status {
        let number = try await contract.ask(CommitmentRegistryContract.status, .uint(invocation)).first?.number
        guard let status = number.flatMap({ Status(rawValue: Int(clamping: $0)) }) else {
            throw .notThisContract(contract.address)
        }
        return status
    }

    /// What is sealed: keccak256(role as one byte ‖ node ‖ output ‖ salt).
    ///
    /// - Parameters:
    ///   - output: the handle of the output, 32 bytes.
    ///   - salt: 32 random bytes, kept until the opening.
    package static func digest(role: Role, node: Address, output: [UInt8], salt: [UInt8]) -> [UInt8] {
        Keccak256.hash([UInt8(role.rawValue)] + node.bytes + output + salt)
    }

    package func commit(_ digest: [UInt8], to invocation: Word, as role: Role, from node: Address) -> Intent {
        contract.intent(
            "commit", CommitmentRegistryContract.commit, .uint(invocation), .uint(Word(role.rawValue)), .bytes(digest),
            from: node, gasCeiling: 500_000, event: CommitmentRegistryContract.committed,
            indexed: .uint(invocation), .uint(Word(role.rawValue)), .address(node))
    }

    /// Opens what was sealed; possible once both have sealed.
    package func reveal(
        _ output: [UInt8], salt: [UInt8], of invocation: Word, as role: Role, from node: Address
    ) -> Intent {
        contract.intent(
            "reveal", CommitmentRegistryContract.reveal, .uint(invocation), .uint(Word(role.rawValue)), .bytes(output),
            .bytes(salt), from: node, gasCeiling: 500_000, event: CommitmentRegistryContract.revealed,
            indexed: .uint(invocation), .uint(Word(role.rawValue)), .address(node))
    }
}
