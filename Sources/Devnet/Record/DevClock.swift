internal import Glibc
internal import Synchronization

/// The devnet's time in Unix seconds: an injected source plus an offset that tests move, so that nothing waits 300 s.
package final class DevClock: Sendable {
    private let source: @Sendable () -> Double
    private let offset = Mutex(0.0)

    package init(source: @escaping @Sendable () -> Double = DevClock.system) { self.source = source }

    package var now: Double { source() + offset.withLock { $0 } }

    package func advance(by seconds: Double) { offset.withLock { $0 += seconds } }

    package static func system() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
