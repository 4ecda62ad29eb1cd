internal import CoFHE
internal import Coordination
internal import Ethereum
internal import Glibc
internal import Logging
internal import Shared

/// A leader's key stands on chain before its result goes anywhere (icl.md 1.6, chain.md 3).
extension JobDelivery {
    /// Makes the submission, once the chain has the key. Paid for once, whatever ends the node or this try.
    func storeKey(_ entry: inout JournalEntry) async throws(JobFailure) {
        guard let output = entry.output.flatMap(LeaderOutput.init) else { throw .journalUnavailable }
        guard let storage = services.outputKeys else {
            // The configuration was another when the answer was made: with that one it goes on.
            log.event(.outputKeyNotStored, ["reason": "no_key_store"])
            throw .interrupted
        }
        let receipt = try await storeWithRetries(output.halves, in: storage)
        try entry.makeSubmission(from: output, stored: receipt)
        do { try await services.journal.record(entry) } catch { throw .journalUnavailable }
        await storage.close(receipt)
    }

    private func storeWithRetries(
        _ halves: InputVerifier.Halves, in storage: OutputKeyStorage
    ) async throws(JobFailure) -> Receipt {
        guard let reader = Address(reader: entry.user) else { throw .requesterMissing }
        let left = services.timing.limit - .seconds(max(0, Int(time(nil)) - (entry.claimedAt ?? 0)))
        // The coordinator takes what comes late, but it may have gone on: what costs nothing yet is not begun.
        let hasBegun = await storage.hasBegun(halves, of: entry.id, for: reader)
        guard hasBegun || left > .zero else { throw .outOfTime }
        let deadline = ContinuousClock.now + (hasBegun ? max(left, JobTiming.grace) : left)
        var attempt = 1
        while true {
            do throws(JobFailure) {
                let receipt = try await storeOnce(halves, for: reader, in: storage, by: deadline)
                log.event(
                    .outputKeyStored,
                    [
                        "transaction": .string("0x" + Hexadecimal.encode(receipt.transaction)),
                        "block": .stringConvertible(receipt.blockNumber), "gas": .stringConvertible(receipt.gasUsed),
                    ])
                return receipt
            } catch {
                guard let pause = services.timing.pause(after: error, attempt, until: deadline) else { throw error }
                log.event(.jobRetried, ["code": .string(error.rawValue), "attempt": .stringConvertible(attempt)])
                do { try await Task.sleep(for: pause) } catch { throw .interrupted }
                attempt += 1
            }
        }
    }

    private func storeOnce(
        _ halves: InputVerifier.Halves, for reader: Address, in storage: OutputKeyStorage,
        by deadline: ContinuousClock.Instant
    ) async throws(JobFailure) -> Receipt {
        let (job, log) = (entry.id, log)
        let receipt = try await withDeadline(deadline) {
            do throws(OutputKeyStorage.Failure) {
                return .success(try await storage.store(halves, of: job, for: reader))
            } catch {
                log.event(.outputKeyNotStored, ["reason": .string(error.code)])
                // Another try would be paid for again, and end the same way.
                return .failure(error.isPaidFor ? .outputKeyNotReadBack : .outputKeyNotStored)
            }
        }.get()
        let seen = await withDeadline(deadline) {
            do throws(OutputKeyStorage.Failure) { return .success(try await storage.readBack(halves, of: job)) } catch {
                log.event(.outputKeyNotStored, ["reason": .string(error.code)])
                return .failure(.outputKeyNotReadBack)
            }
        }
        if case .failure(let failure) = seen {
            // The next start goes on with an interrupted job. For any other there is no further try.
            if failure == .interrupted || Task.isCancelled { throw .interrupted }
            await storage.close(receipt)
            throw .outputKeyNotReadBack
        }
        return receipt
    }
}
