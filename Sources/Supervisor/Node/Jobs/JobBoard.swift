internal import CoFHE
package import Coordination
internal import Ethereum
internal import Glibc
internal import Logging
internal import Shared

/// Decides which assignments become jobs, and when: known models only, one run a job, at most so many at a time, and
/// nothing claimed that cannot start now.
package actor JobBoard {
    private let services: JobServices
    private let seats: Int
    private let penalties: PenaltyBook
    /// Whose the running jobs are.
    private var requesters: [JobID: Requester] = [:]
    private var running: [JobID: Task<Void, Never>] = [:]
    /// Offered, and not looked at for want of a seat.
    private var waiting: ArraySlice<Assignment> = []
    private var deliveries: [JobID: Task<Void, Never>] = [:]
    /// Jobs that failed and may be tried again, should they be offered again.
    private var retries: [JobID: Retry] = [:]
    private var skipped: [JobID: NodeEvent] = [:]
    private var isClosed = false
    /// Nothing is waited for any more.
    private var isStopped = false
    private let seatFreed: @Sendable () -> Void

    private struct Retry {
        var attempts: Int
        var notBefore: ContinuousClock.Instant
    }

    private static let attempts = 3
    private static let rememberedSkips = 1024
    private static let rememberedRetries = 1024

    /// - Parameters:
    ///   - now: Unix seconds by which penalties fade; nil for this machine's clock.
    ///   - seatFreed: called when a seat is free and nothing is known that could take it.
    package init(
        services: JobServices, seats: Int, now: (@Sendable () -> Int)? = nil,
        seatFreed: @escaping @Sendable () -> Void
    ) {
        self.services = services
        self.seats = seats
        penalties = PenaltyBook(journal: services.journal, now: now ?? { Int(time(nil)) })
        self.seatFreed = seatFreed
    }

    /// Takes up what can start now. The rest waits for a seat, unclaimed, until the next list replaces it.
    package func offer(_ assignments: [Assignment]) async {
        waiting = assignments[...]
        await fill()
    }

    private func fill() async {
        while !isClosed, !services.hold.isOn, running.count < seats, let assignment = waiting.popFirst() {
            guard running[assignment.job] == nil, isDue(assignment.job) else { continue }
            guard let service = serve(assignment), let promptCID = assignment.promptCID else { continue }
            // The list repeats jobs that were done long ago. Meanwhile another call may have taken the last seat.
            guard let entry = await beginning(of: assignment, promptCID), await mayStart(assignment),
                running[assignment.job] == nil, deliveries[assignment.job] == nil, !isClosed
            else { continue }
            guard running.count < seats else {
                waiting = [assignment] + waiting
                return
            }
            start(entry, service, handles: assignment.handles)
        }
    }

    /// Takes up what a crash or a restart interrupted: results that wait to be sent, and claims that are still good.
    package func resume() async throws {
        for entry in try await services.journal.entries(in: [.claimed, .computed]) {
            if entry.state == .computed {
                deliver(entry)
                continue
            }
            let age = Int(time(nil)) - (entry.claimedAt ?? 0)
            if age < services.timing.limit.components.seconds, let service = services.models.service(for: entry.model) {
                start(entry, service, handles: nil)
            } else {
                await fail(entry, .interrupted)
            }
        }
    }

    /// Takes nothing more and waits for what runs, but no longer than `limit`; the rest is stopped and stays in the
    /// journal for the next start.
    package func close(within limit: Duration) async {
        isClosed = true
        let timer = Task {
            try? await Task.sleep(for: limit)
            isStopped = true
            for job in [running, deliveries].flatMap(\.values) { job.cancel() }
        }
        while let job = running.values.first ?? deliveries.values.first { await job.value }
        timer.cancel()
    }

    package var runningCount: Int { running.count }

    // MARK: - Choosing

    private func isDue(_ id: JobID) -> Bool {
        guard let retry = retries[id] else { return true }
        return retry.attempts < JobBoard.attempts && retry.notBefore <= .now
    }

    /// How the job enters the journal; nil where it must not be begun: it is done or under way, or the journal cannot say.
    /// What lay open in an earlier try counts on, and what a leader has made in it is not made again.
    private func beginning(of assignment: Assignment, _ promptCID: String) async -> JournalEntry? {
        let known: JournalEntry?
        // A journal that cannot be read may know the job: running it again could contradict what was sent.
        do { known = try await services.journal.entry(assignment.job) } catch { return nil }
        if let known, known.state != .seen, known.state != .failed || known.failure?.isFinal == true { return nil }
        var entry = JournalEntry(
            id: assignment.job, role: assignment.role == .leader ? .leader : .verifier, model: assignment.model,
            promptCID: promptCID, user: assignment.user, updatedAt: Int(time(nil)))
        entry.exposure = known?.exposure
        if let known, known.role == .leader, known.asks(the: entry) {
            (entry.output, entry.submission) = (known.output, known.submission)
            (entry.innerHash, entry.commitment, entry.receipt) = (known.innerHash, known.commitment, known.receipt)
        }
        return entry
    }

    /// The service that would run the job; nil, said once, where this node must leave it alone.
    private func serve(_ assignment: Assignment) -> ModelCatalogue.Service? {
        var reason: JobFailure?
        let service = services.models.service(for: assignment.model)
        if assignment.promptCID == nil { return nil }
        if service == nil { reason = .modelNotServed }
        if assignment.role == .leader, !services.content.canUpload { reason = .uploadUnavailable }
        if assignment.role == .leader, !services.canEncrypt { reason = .encryptionUnavailable }
        if assignment.role == .leader, services.outputKeys != nil, Address(reader: assignment.user) == nil {
            reason = .requesterMissing
        }
        guard let reason else { return service }
        skip(assignment, .jobSkipped, reason: reason.rawValue)
        return nil
    }

    /// Whether the requester's penalty lets the job start now. One that may not is left unclaimed: it hurts nobody, and
    /// may be offered again.
    private func mayStart(_ assignment: Assignment) async -> Bool {
        let requester = Requester(assignment.user)
        switch await penalties.verdict(on: requester) {
        case .welcome: return true
        case .slowed(let notBefore):
            if notBefore <= penalties.now(), !requesters.values.contains(requester) { return true }
            skip(assignment, .jobDelayed, reason: "requester_slowed")
        case .refused: skip(assignment, .jobSkipped, reason: "requester_penalised")
        }
        return false
    }

    /// Says once, about each job, why it is left alone.
    private func skip(_ assignment: Assignment, _ event: NodeEvent, reason: String) {
        if skipped.count >= JobBoard.rememberedSkips { skipped = [:] }
        guard skipped.updateValue(event, forKey: assignment.job) != event else { return }
        services.log.event(
            event,
            [
                "job": .string(assignment.job.text), "model": .string(assignment.model), "reason": .string(reason),
            ])
    }

    // MARK: - Running

    private func start(_ entry: JournalEntry, _ service: ModelCatalogue.Service, handles: KeyHandles?) {
        requesters[entry.id] = Requester(entry.user)
        let handles = handles.map(services.network.named)
        if let handles { services.permits.assign(handles, to: entry.id.text) }
        running[entry.id] = Task {
            await run(entry, service, handles)
            running[entry.id] = nil
            requesters[entry.id] = nil
            services.permits.release(entry.id.text)
            await fill()
            if waiting.isEmpty { seatFreed() }
        }
    }

    private func run(_ entry: JournalEntry, _ service: ModelCatalogue.Service, _ handles: KeyHandles?) async {
        services.log.event(
            .jobStarted,
            ["job": .string(entry.id.text), "role": .string(entry.role.rawValue), "model": .string(entry.model)])
        var run = JobRun(services: services, service: service, entry: entry, handles: handles)
        do throws(JobFailure) {
            let computed = try await run.compute()
            retries[entry.id] = nil
            // The seat is free from here: waiting for a leader or a coordinator takes no worker.
            deliver(computed)
        } catch {
            let failure = Task.isCancelled ? .interrupted : error
            await penalties.charge(Requester(entry.user), for: failure, isClaimed: run.entry.claimedAt != nil)
            await fail(run.entry, failure)
        }
    }

    private func deliver(_ entry: JournalEntry) {
        // The next start does it.
        if isStopped { return }
        let delivery = JobDelivery(services: services, entry: entry)
        deliveries[entry.id] = Task {
            let (reached, failure) = await delivery.run()
            if let failure, !Task.isCancelled { await fail(reached, failure) }
            deliveries[entry.id] = nil
        }
    }

    private func fail(_ entry: JournalEntry, _ failure: JobFailure) async {
        var entry = entry
        // An interrupted claim stays a claim: the next start takes it up again.
        if failure == .interrupted, isClosed { return }
        let wasClaimed = entry.claimedAt != nil
        entry.state = .failed
        entry.failure = failure
        entry.updatedAt = Int(time(nil))
        let attempts = (retries[entry.id]?.attempts ?? 0) + 1
        // Most failed jobs are never offered again. One that is forgotten here may be tried more often, no more.
        if retries.count >= JobBoard.rememberedRetries { retries = retries.filter { $0.value.notBefore > .now } }
        retries[entry.id] = Retry(attempts: attempts, notBefore: .now + .seconds(5 << attempts))
        try? await services.journal.record(entry)
        services.log.event(
            .jobFailed,
            [
                "job": .string(entry.id.text), "code": .string(failure.rawValue),
                "claimed": .stringConvertible(wasClaimed),
            ])
    }
}

extension JournalEntry {
    /// Whether an answer to the one answers the other.
    fileprivate func asks(the other: JournalEntry) -> Bool {
        (id, role, model) == (other.id, other.role, other.model) && (promptCID, user) == (other.promptCID, other.user)
    }
}

extension Assignment {
    /// Both handles, where the coordinator knew them at the poll.
    var handles: KeyHandles? {
        guard let keyHigh, let keyLow else { return nil }
        return KeyHandles(high: keyHigh, low: keyLow)
    }
}
