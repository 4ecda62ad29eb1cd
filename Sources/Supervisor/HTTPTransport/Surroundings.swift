internal import Glibc

/// What a client takes from the world: time, waiting and chance.
package struct Surroundings: Sendable {
    /// Unix seconds, as they stand in signatures.
    package var unixTime: @Sendable () -> Int
    /// Time that only moves forward, for budgets.
    package var elapsed: @Sendable () -> Duration
    package var sleep: @Sendable (Duration) async throws -> Void
    /// Evenly from 0 to below 1.
    package var random: @Sendable () -> Double

    package init(
        unixTime: @escaping @Sendable () -> Int, elapsed: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void, random: @escaping @Sendable () -> Double
    ) {
        self.unixTime = unixTime
        self.elapsed = elapsed
        self.sleep = sleep
        self.random = random
    }

    package static let system = Surroundings(
        unixTime: { clock(CLOCK_REALTIME).tv_sec },
        elapsed: {
            let now = clock(CLOCK_MONOTONIC)
            return .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
        },
        sleep: { try await Task.sleep(for: $0) },
        random: { Double.random(in: 0..<1) })

    private static func clock(_ which: clockid_t) -> timespec {
        var now = timespec()
        clock_gettime(which, &now)
        return now
    }
}
