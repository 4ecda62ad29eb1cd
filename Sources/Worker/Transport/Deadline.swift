internal import Glibc

/// A point on the monotonic clock.
struct MonotonicTime {
    private let nanoseconds: Int64

    static var now: MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    func advanced(milliseconds: Int) -> MonotonicTime {
        MonotonicTime(nanoseconds: nanoseconds + Int64(milliseconds) * 1_000_000)
    }

    /// Rounded up.
    func milliseconds(since other: MonotonicTime) -> Int64 { (nanoseconds - other.nanoseconds + 999_999) / 1_000_000 }

    /// Rounded up.
    var microsecondsAgo: Int64 { (MonotonicTime.now.nanoseconds - nanoseconds + 999) / 1000 }
}

/// A point on the monotonic clock by which something must be over.
struct Deadline {
    private let end: MonotonicTime

    init(milliseconds: Int) { end = .now.advanced(milliseconds: milliseconds) }

    /// Milliseconds left, at least 0; what poll(2) takes.
    var remaining: Int32 { Int32(clamping: max(0, end.milliseconds(since: .now))) }

    /// Waits. poll(2) without a descriptor, for the list of permitted calls has nothing else that waits.
    static func pause(milliseconds: Int32) { _ = poll(nil, 0, milliseconds) }
}
