internal import Coordination
internal import Glibc
internal import Logging
internal import Shared

/// Brings a computed answer to the coordinator: a leader's submission once its key is stored, a verifier's verdict once the
/// leader's CID is known. Holds no worker and no seat.
final class JobDelivery: Sendable {
    let entry: JournalEntry
    let services: JobServices
    let log: Logger

    /// A coordinator that is away is asked again for so long; then the journal keeps the answer for the next start.
    private static let patience = Duration.seconds(900)

    init(services: JobServices, entry: JournalEntry) {
        self.services = services
        self.entry = entry
        var log = services.log
        log[metadataKey: "job"] = .string(entry.id.text)
        self.log = log
    }

    /// Delivers; answers how far the job came, and why it failed: nil when it is done or stays in the journal.
    func run() async -> (entry: JournalEntry, failure: JobFailure?) {
        var entry = entry
        do throws(JobFailure) {
            if entry.submission == nil {
                switch entry.role {
                case .leader: try await storeKey(&entry)
                case .verifier: try await judge(&entry)
                }
            }
            guard let submission = entry.submission else { throw .leaderSilent }
            if let commitment = entry.commitment, let commitments = services.commitments {
                do { try await commitments.add(commitment, of: entry.id, as: entry.role) } catch {
                    throw .journalUnavailable
                }
            }
            guard try await send(submission, role: entry.role) else { return (entry, nil) }
            entry.state = .sent
            entry.updatedAt = Int(time(nil))
            try? await services.journal.record(entry)
            log.event(
                .resultSent,
                [
                    "role": .string(entry.role.rawValue),
                    "commitment": .string(Hexadecimal.encode(entry.commitment ?? [])),
                ])
            return (entry, nil)
        } catch { return (entry, error == .interrupted ? nil : error) }
    }

    /// Waits for the leader and compares. The verdict is honest: the quorum counts hashes, people read verdicts.
    private func judge(_ entry: inout JournalEntry) async throws(JobFailure) {
        guard let innerHash = entry.innerHash else { throw .interrupted }
        log.event(.leaderAwaited)
        let leader = try await leaderResult(since: entry.claimedAt ?? Int(time(nil)))
        let commitment = Commitment.hash(cid: leader.cid, innerHash: innerHash)
        let agrees = leader.commitment == nil || leader.commitment == Hexadecimal.encode(commitment)
        log.event(agrees ? .verdictMatch : .verdictNoMatch, ["commitment": .string(Hexadecimal.encode(commitment))])
        entry.commitment = commitment
        let verdict = VerdictSubmission(
            job: entry.id, verifier: services.address.checksummed, commitment: commitment,
            verdict: agrees ? .confirm : .reject, confidence: agrees ? 100 : 0)
        entry.submission = verdict?.body
        do { try await services.journal.record(entry) } catch { throw .journalUnavailable }
    }

    private func leaderResult(since claimedAt: Int) async throws(JobFailure) -> (cid: String, commitment: String?) {
        var pause = Duration.milliseconds(250)
        while true {
            let status = try? await services.coordinator.status(of: entry.id)
            if let status, let cid = status.outputCID { return (cid, status.leaderCommitment) }
            guard Int(time(nil)) - claimedAt < services.timing.leaderWait.components.seconds else {
                throw .leaderSilent
            }
            do { try await Task.sleep(for: pause * Double.random(in: 0.8...1.2)) } catch { throw .interrupted }
            pause = min(pause * 2, .seconds(4))
        }
    }

    /// Sends the same bytes until the coordinator has them; false when it stayed away and the journal keeps them.
    private func send(_ submission: [UInt8], role: JobMachine.Role) async throws(JobFailure) -> Bool {
        let end = ContinuousClock.now + JobDelivery.patience
        while true {
            do throws(CoordinatorError) {
                switch role {
                case .leader: _ = try await services.coordinator.submitResult(body: submission)
                case .verifier: _ = try await services.coordinator.submitVerdict(body: submission)
                }
                return true
            } catch {
                guard error.isTransient else { throw .resultRefused }
                guard ContinuousClock.now < end else { return false }
                do { try await Task.sleep(for: .seconds(Double.random(in: 2...5))) } catch { return false }
            }
        }
    }
}
