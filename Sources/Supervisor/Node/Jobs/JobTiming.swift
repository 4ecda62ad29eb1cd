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

    package init() {}
}
