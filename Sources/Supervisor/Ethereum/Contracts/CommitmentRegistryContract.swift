internal import Shared

/// ExecutionCommitmentRegistry: two nodes seal what they have computed, then open it, so that neither can copy the other
/// (chain.md 3).
package struct CommitmentRegistryContract: Sendable {
    package enum Role: UInt64, Sendable, CaseIterable { case executor = 0, crossVerifier }

    package enum Status: UInt64, Sendable {
        case none = 0, dispatched, partlyCommitted, committed, partlyRevealed, verified, escalated
    }

    /// What was dispatched to two nodes, and how far they are. Times in Unix seconds by the chain's clock.
    package struct Invocation: Sendable, Equatable {
        /// One node's part.
        package struct Part: Sendable, Equatable {
            package let node: Address
            /// 32 bytes; zeros before it has sealed.
            package let digest: [UInt8]
            package let isRevealed: Bool

            package var isCommitted: Bool { digest.contains { $0 != 0 } }
        }

        package let status: Status
        package let commitDeadline: UInt64
        package let revealDeadline: UInt64
        fileprivate let executor: Part
        fileprivate let crossVerifier: Part

        package subscript(role: Role) -> Part { role == .executor ? executor : crossVerifier }
    }

    private static let invocation = ContractFunction(
        "invocation(uint256)",
        answers:
            "(uint256,uint256,address,address,uint64,uint64,uint64,bytes32,bytes32,bytes32,bytes32,bool,bool,uint8)")
    private static let commit = ContractFunction("commit(uint256,uint8,bytes32)")
    private static let reveal = ContractFunction("reveal(uint256,uint8,bytes32,bytes32)")
    private static let committed = ContractEvent("Committed(uint256,uint8,address,bytes32)", indexed: 3)
    private static let revealed = ContractEvent("Revealed(uint256,uint8,address,bytes32)", indexed: 3)

    private let contract: Contract

    package init(_ contract: Contract) { self.contract = contract }

    /// The record of `number`; one that was never dispatched has the status `none` and zeros.
    package func invocation(_ number: Word) async throws(ContractError) -> Invocation {
        guard
            case .tuple(let fields)? = try await contract.ask(
                CommitmentRegistryContract.invocation, .uint(number)
            ).first, fields.count == 14,
            case .address(let executor) = fields[2], case .address(let crossVerifier) = fields[3],
            let commitDeadline = fields[5].number, let revealDeadline = fields[6].number,
            case .bytes(let executorDigest) = fields[7], case .bytes(let verifierDigest) = fields[8],
            let executorRevealed = fields[11].truth, let verifierRevealed = fields[12].truth,
            let status = fields[13].number.flatMap(Status.init)
        else { throw .notThisContract(contract.address) }
        return Invocation(
            status: status, commitDeadline: commitDeadline, revealDeadline: revealDeadline,
            executor: .init(node: executor, digest: executorDigest, isRevealed: executorRevealed),
            crossVerifier: .init(node: crossVerifier, digest: verifierDigest, isRevealed: verifierRevealed))
    }

    /// What is sealed: keccak256(role as one byte ‖ node ‖ output ‖ salt).
    ///
    /// - Parameters:
    ///   - output: 32 bytes; those of both nodes must be equal.
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
