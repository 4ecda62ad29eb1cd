internal import CSystem
internal import Coordination
internal import Ethereum
internal import Glibc
internal import Logging
internal import Shared

/// Seals and opens on chain what this node has computed, where the network has dispatched a job to the registry of
/// commitments; only for operators who ask for it, because it costs gas and the network's text jobs are not dispatched
/// there today (icl.md 2.3).
///
/// The output that both nodes open is the job's commitment, the value that the quorum compares anyway. The salt is random:
/// the published node's, a hash of the answer, would let everybody try out answers.
package struct ExecutionCommitments: Sendable {
    private let access: ChainAccess
    private let queue: TransactionQueue
    private let journal: Journal
    private let log: Logger

    /// Between two looks; the network gives 600 s for each of both steps.
    static let interval = Duration.seconds(10)
    /// Seconds for which a job may still be dispatched after its result is there.
    private static let patience = 60

    init(_ access: ChainAccess, queue: TransactionQueue, journal: Journal, log: Logger) {
        self.access = access
        self.queue = queue
        self.journal = journal
        self.log = log
    }

    /// Remembers what was computed for a job, before the coordinator gets it. A job whose id is no 32-byte number cannot
    /// have been dispatched.
    func add(_ output: [UInt8], of job: JobID, as role: JobMachine.Role) async throws {
        guard ExecutionCommitments.invocation(of: job) != nil else { return }
        var salt = [UInt8](repeating: 0, count: 32)
        csystem_random(&salt, salt.count)
        try await journal.add(
            OpenCommitment(job: job, role: role, output: output, salt: salt, since: Int(time(nil))))
    }

    /// Does the next step of every job whose step is due.
    package func look() async {
        let open: [OpenCommitment]
        do { open = try await journal.openCommitments() } catch { return failed(error) }
        for commitment in open {
            do {
                if try await advance(commitment) { try await journal.remove(commitment) }
            } catch { failed(error, commitment.job) }
        }
    }

    /// Whether nothing is left to be done.
    private func advance(_ commitment: OpenCommitment) async throws -> Bool {
        guard let number = ExecutionCommitments.invocation(of: commitment.job) else { return true }
        let invocation = try await access.commitments.invocation(number)
        let role: CommitmentRegistryContract.Role = commitment.role == .leader ? .executor : .crossVerifier
        let (part, node) = (invocation[role], queue.sender)
        if invocation.status == .none { return Int(time(nil)) - commitment.since > ExecutionCommitments.patience }
        // Of all verifiers the registry knows one.
        guard part.node == node else { return true }
        let digest = CommitmentRegistryContract.digest(
            role: role, node: node, output: commitment.output, salt: commitment.salt)
        let now = try await access.rpc.block().timestamp
        switch invocation.status {
        case .dispatched, .partlyCommitted:
            if part.digest == digest { return now > invocation.commitDeadline }
            guard !part.isCommitted, now <= invocation.commitDeadline else { return missed(commitment) }
            let receipt = try await queue.perform(
                access.commitments.commit(digest, to: number, as: role, from: node))
            note(.commitmentSealed, commitment, receipt)
            return false
        case .committed, .partlyRevealed:
            if part.isRevealed { return true }
            guard part.digest == digest, now <= invocation.revealDeadline else { return missed(commitment) }
            let receipt = try await queue.perform(
                access.commitments.reveal(commitment.output, salt: commitment.salt, of: number, as: role, from: node))
            note(.commitmentOpened, commitment, receipt)
            return true
        case .none, .verified, .escalated: return true
        }
    }

    private func missed(_ commitment: OpenCommitment) -> Bool {
        log.event(.commitmentMissed, ["job": .string(commitment.job.text)])
        return true
    }

    private func note(_ event: NodeEvent, _ commitment: OpenCommitment, _ receipt: Receipt) {
        log.event(
            event,
            [
                "job": .string(commitment.job.text),
                "transaction": .string("0x" + Hexadecimal.encode(receipt.transaction)),
                "gas": .stringConvertible(receipt.gasUsed),
            ])
    }

    private func failed(_ error: any Error, _ job: JobID? = nil) {
        var fields: Logger.Metadata = [
            "subject": "commitments", "reason": .string(ChainFailure.code(of: error)),
        ]
        if let job { fields["job"] = .string(job.text) }
        log.event(.chainLookFailed, fields)
    }

    /// The number of a job at the registry: its id, where that is `0x` and 64 digits.
    private static func invocation(of job: JobID) -> Word? {
        guard job.text.utf8.count == 66, job.text.hasPrefix("0x"),
            let bytes = Hexadecimal.decode(String(job.text.dropFirst(2)))
        else { return nil }
        return Word(bytes: bytes)
    }
}
