internal import CSystem
internal import Dispatch
internal import Glibc

/// One worker's process from start to reaping, known by its pidfd: no signal can meet another process.
///
/// The ladder is short. A worker that was told `done` or has lost its channel ends by itself; any other gets SIGKILL.
/// Nothing stands between: a worker is the first process of its namespace, for which the kernel drops every other
/// signal, and it has nothing to tidy up.
final class WorkerLifetime {
    private let pidfd: Int32
    private let limit: any DispatchSourceTimer

    /// Nothing on it waits. One queue, so that a pidfd is closed after its last signal.
    private static let queue = DispatchQueue(label: "worker-ends")

    /// Takes the pidfd over.
    init(pidfd: Int32) {
        self.pidfd = pidfd
        limit = DispatchSource.makeTimerSource(queue: WorkerLifetime.queue)
        limit.setEventHandler { _ = csystem_pidfd_signal(pidfd, SIGKILL) }
        limit.setCancelHandler { WorkerLifetime.reap(pidfd) }
        limit.schedule(deadline: .distantFuture)
        limit.activate()
    }

    deinit {
        kill()
        // Reaped here if it is gone already, else on the queue. Waiting would hang whichever thread lets go of a worker
        // for as long as the process is in uninterruptible sleep.
        var outcome: Int32 = 0
        _ = csystem_pidfd_reap(pidfd, &outcome)
        limit.cancel()
    }

    /// Ends the process now.
    func kill() { _ = csystem_pidfd_signal(pidfd, SIGKILL) }

    /// Ends the process at `instant` at the latest. A later call replaces an earlier one.
    func end(by instant: ContinuousClock.Instant) {
        limit.schedule(deadline: .now() + .milliseconds(Int(max(0, (instant - .now).milliseconds))))
    }

    /// Exit status, or 128 + a signal; nil while it runs.
    var outcome: Int32? {
        let status = csystem_pidfd_peek(pidfd)
        return status < 0 ? nil : status
    }

    /// Waits at most so long; whether the process has ended.
    func hasEnded(within timeout: Duration) -> Bool { poll(pidfd, POLLIN, timeout: timeout.milliseconds) }

    /// Tries again until the process is gone, and closes the pidfd. A killed one needs less than a millisecond, or for
    /// ever.
    static func reap(_ pidfd: Int32, pause: DispatchTimeInterval = .milliseconds(1)) {
        var outcome: Int32 = 0
        // An error means that it has been reaped.
        guard csystem_pidfd_reap(pidfd, &outcome) == 0 else {
            close(pidfd)
            return
        }
        queue.asyncAfter(deadline: .now() + pause) { reap(pidfd, pause: .milliseconds(100)) }
    }
}

/// Whether one of `events` came within `timeout` milliseconds.
func poll(_ descriptor: Int32, _ events: Int32, timeout: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return Glibc.poll(&waiting, 1, timeout) > 0
}

extension Duration {
    /// Rounded up, for poll(2).
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        let whole = seconds.multipliedReportingOverflow(by: 1000)
        return whole.overflow
            ? .max : Int32(clamping: whole.partialValue + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
