internal import Shared

/// The clocks of one job (icl.md 2.3). The coordinator counts 300 s from the last claim and never forgives.
package struct JobTiming: Sendable {
    /// From the claim to the last byte sent.
    package var limit = Duration.seconds(300)
    /// A verifier still has to send its verdict after the leader delivered.
    package var leaderWait = Duration.seconds(285)
    /// Decrypting and downloading, before anything was promised.
    package var preparation = Duration.seconds(120)
    /// From the material's way to the worker to its answer: how long prompt and answer may lie open.
    package var exposure = Duration.seconds(300)
    /// Before a claimed job is tried again, after its first and its second failure.
    package var pauses = [Duration.seconds(1), .seconds(5)]
    /// One step of the channel that needs no network and no model.
    package var workerStep = Duration.seconds(20)
    /// From `done` to the end of the process.
    static let farewell = Duration.seconds(1)
    /// A model outside of any job.
    static let inference = Duration.seconds(280)
    /// For what a crash has made late.
    static let grace = Duration.seconds(60)

    package init() {}

    /// How long a claimed job waits for its next attempt; nil where there is none.
    func pause(
        after failure: JobFailure, _ attempt: Int, until deadline: ContinuousClock.Instant
    ) -> Duration? {
        guard attempt < failure.attempts, attempt <= pauses.count else { return nil }
        let pause = pauses[attempt - 1] * Double.random(in: 0.8...1.2)
        return .now + pause < deadline ? pause : nil
    }
}

/// What others do for a job ends with the job: their own patience may be longer than what is left.
func withDeadline<R: Sendable>(
    _ deadline: ContinuousClock.Instant, _ operation: @escaping @Sendable () async -> Result<R, JobFailure>
) async -> Result<R, JobFailure> {
    await withTaskGroup(of: Result<R, JobFailure>.self) { group in
        group.addTask(operation: operation)
        group.addTask {
            try? await Task.sleep(until: deadline, clock: .continuous)
            return .failure(Task.isCancelled ? .interrupted : .outOfTime)
        }
        defer { group.cancelAll() }
        return await group.next() ?? .failure(.outOfTime)
    }
}
