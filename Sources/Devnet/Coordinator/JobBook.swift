internal import Shared

/// The jobs, and the rules by which nodes may move them. No I/O: time comes in, refusals and notes go out.
package struct JobBook: Sendable {
    package struct Rules: Sendable {
        /// Seconds from the last claim to the delivery.
        package var claimLimit = 300.0
        /// Verifiers see a job only after its leader delivered, as before 24 May 2026.
        package var lateVerifiers = false
        /// Assignments carry no handles, as where only the claim has them.
        package var handlesOnlyInClaim = false

        package init() {}
    }

    /// Something a node did wrong that is answered as if it were right.
    struct Note: Sendable {
        let violation: Violation
        let node: String
        let job: String
        let detail: String
    }

    static let maximum = 20_000
    let rules: Rules
    private(set) var jobs: [String: Job] = [:]
    private(set) var order: [String] = []
    private var byRequest: [String: String] = [:]
    /// Jobs that a node may still be offered or whose claims may run out, so that polls do not scan old jobs.
    private var openJobs: [String: [String]] = [:]
    var notes: [Note] = []

    package init(rules: Rules = Rules()) { self.rules = rules }

    mutating func add(_ job: Job) throws {
        guard jobs[job.id] == nil else { throw Refusal(409, "job id is taken", nil) }
        guard jobs.count < JobBook.maximum else { throw Refusal(503, "the toy coordinator is full", nil) }
        jobs[job.id] = job
        byRequest[job.requestID] = job.id
        order.append(job.id)
        for node in job.nodes { openJobs[node, default: []].append(job.id) }
    }

    /// By job id, or by request id as the real service allows for results and verdicts.
    func find(_ id: String) -> Job? { jobs[id] ?? find(request: id) }

    func find(request id: String) -> Job? { byRequest[id].flatMap { jobs[$0] } }

    /// What a node is offered now. Also the clock: its claims that ran out become failures here (icl.md 2.3).
    ///
    /// `address` is compared exactly: in another casing a leader is offered its job as a verifier.
    mutating func offer(to caller: String, as address: String, now: Double) -> [(job: Job, role: Job.Role)] {
        var offered: [(job: Job, role: Job.Role)] = []
        openJobs[caller]?.removeAll { jobs[$0]?.decision != .open }
        for id in openJobs[caller] ?? [] {
            guard var job = jobs[id], var progress = job.progress[caller] else { continue }
            switch progress.state {
            case .claimed where now - (progress.claimedAt ?? now) > rules.claimLimit:
                progress.state = .failed
                let detail = progress.deliveredAt == nil ? "claimed and silent" : "verdict given, leader silent"
                notes.append(Note(violation: .claimExpired, node: caller, job: id, detail: detail))
            case .pending:
                if rules.lateVerifiers, job.leader != caller, job.result == nil { continue }
                progress.offeredAt = progress.offeredAt ?? now
                offered.append((job, job.leader == address ? .leader : .verifier))
            case .claimed, .completed, .failed: continue
            }
            job.progress[caller] = progress
            jobs[id] = job
        }
        return offered
    }

    /// A repeated claim is allowed and restarts the clock.
    mutating func claim(_ id: String, by node: String, now: Double) throws -> Job {
        guard var job = jobs[id] else {
            throw Refusal(404, "'inference request \(id) not found'", .jobUnknown, job: id)
        }
        guard var progress = job.progress[node] else {
            throw Refusal(403, "node is not assigned to this job", .notAssigned, job: id)
        }
        if progress.state != .completed { progress.state = .claimed }
        progress.claimedAt = now
        progress.claims += 1
        job.progress[node] = progress
        jobs[id] = job
        return job
    }

    /// Records the leader's result: the first one counts, an identical one is a repetition, another a contradiction.
    mutating func deliver(_ result: Job.Result, of id: String, by node: String, now: Double) throws -> Job {
        guard var job = find(id) else {
            throw Refusal(404, "'inference request \(id) not found'", .jobUnknown, job: id)
        }
        guard node == job.leader, var progress = job.progress[node] else {
            throw Refusal(403, "only the leader delivers the result", .notAssigned, job: job.id)
        }
        guard let claimedAt = progress.claimedAt else {
            throw Refusal(409, "the job was not claimed", .notClaimed, job: job.id)
        }
        if let first = job.result {
            guard first.message == result.message else {
                throw Refusal(409, "another result is recorded", .resultContradiction, job: job.id)
            }
            progress.repeats += 1
            job.progress[node] = progress
            jobs[job.id] = job
            return job
        }
        noteLateness(now - claimedAt, node, job.id)
        progress.state = .completed
        progress.deliveredAt = now
        job.progress[node] = progress
        job.result = result
        for (verifier, verdict) in job.verdicts { noteDishonesty(verdict, of: verifier, job) }
        job.decide(now: now)
        jobs[job.id] = job
        return job
    }

    /// Records a verdict, which may come before the result.
    mutating func judge(_ verdict: Job.Verdict, of id: String, by node: String, now: Double) throws -> Job {
        guard var job = find(id) else {
            throw Refusal(404, "'inference request \(id) not found'", .jobUnknown, job: id)
        }
        guard job.verifiers.contains(node), var progress = job.progress[node] else {
            throw Refusal(400, "verifier verdict submitted by non-quorum verifier", .notAssigned, job: job.id)
        }
        guard let claimedAt = progress.claimedAt else {
            throw Refusal(409, "the job was not claimed", .notClaimed, job: job.id)
        }
        if let first = job.verdict(of: node) {
            guard first.commitment == verdict.commitment, first.confirms == verdict.confirms else {
                throw Refusal(409, "another verdict is recorded", .verdictContradiction, job: job.id)
            }
            progress.repeats += 1
        } else {
            noteLateness(now - claimedAt, node, job.id)
            progress.deliveredAt = now
            job.verdicts.append((node, verdict))
            noteDishonesty(verdict, of: node, job)
        }
        job.progress[node] = progress
        job.decide(now: now)
        jobs[job.id] = job
        return job
    }

    private mutating func noteLateness(_ seconds: Double, _ node: String, _ job: String) {
        guard seconds > rules.claimLimit else { return }
        notes.append(Note(violation: .deliveredTooLate, node: node, job: job, detail: "the claim had run out"))
    }

    /// The word and the hash of a verdict must say the same about the leader's commitment.
    private mutating func noteDishonesty(_ verdict: Job.Verdict, of node: String, _ job: Job) {
        guard let result = job.result, verdict.confirms != (verdict.commitment == result.commitment) else { return }
        let detail = verdict.confirms ? "CONFIRM with another hash" : "REJECT with the leader's hash"
        notes.append(Note(violation: .dishonestVerdict, node: node, job: job.id, detail: detail))
    }
}
