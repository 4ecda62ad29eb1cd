internal import Glibc

/// A point on the monotonic clock by which something must be over.
struct Deadline {
    private let nanoseconds: Int64

    init(milliseconds: Int) { nanoseconds = Deadline.now() + Int64(milliseconds) * 1_000_000 }

    /// Milliseconds left, at least 0; what poll(2) takes.
    var remaining: Int32 { Int32(clamping: max(0, (nanoseconds - Deadline.now() + 999_999) / 1_000_000)) }

    /// Waits. poll(2) without a descriptor, for the list of permitted calls has nothing else that waits.
    static func pause(milliseconds: Int32) { _ = poll(nil, 0, milliseconds) }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
