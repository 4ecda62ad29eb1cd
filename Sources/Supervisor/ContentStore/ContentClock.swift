/// The time a content store goes by. Tests bring one that they move by hand.
package struct ContentClock: Sendable {
    /// Time since a fixed moment; never runs backwards.
    package let now: @Sendable () -> Duration
    /// Returns early by throwing when its task is cancelled.
    package let sleep: @Sendable (Duration) async throws -> Void

    package init(
        now: @escaping @Sendable () -> Duration, sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    private static let start = ContinuousClock.now

    package static let system = ContentClock(
        now: { start.duration(to: .now) },
        sleep: { try await Task.sleep(for: $0) })
}
