/// How often, and for how long, a call is tried again.
package struct RetryPolicy: Sendable, Equatable {
    /// All attempts, the first one included.
    package let attempts: Int
    /// The longest wait in front of the second attempt; it doubles with every further one.
    package let firstDelay: Duration
    package let longestDelay: Duration
    /// What all attempts and waits may take together.
    package let budget: Duration

    package init(attempts: Int, firstDelay: Duration, longestDelay: Duration, budget: Duration) {
        self.attempts = attempts
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.budget = budget
    }

    /// Polls, heartbeats and claims: the next round comes anyway.
    package static let standard = RetryPolicy(
        attempts: 4, firstDelay: .milliseconds(300), longestDelay: .seconds(4), budget: .seconds(45))
    /// Results and verdicts: work already done, worth the patience that the 300 s after a claim allow.
    package static let patient = RetryPolicy(
        attempts: 10, firstDelay: .milliseconds(300), longestDelay: .seconds(10), budget: .seconds(120))

    /// Full jitter: anything from nothing to the doubled delay, so that a thousand nodes do not come back together.
    ///
    /// - Parameter random: evenly from 0 to below 1.
    package func delay(afterAttempt attempt: Int, random: Double) -> Duration {
        var longest = firstDelay
        for _ in 1..<max(1, attempt) where longest < longestDelay { longest *= 2 }
        return min(longest, longestDelay) * random
    }
}
