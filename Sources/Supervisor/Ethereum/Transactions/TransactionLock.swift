internal import Glibc

/// One transaction of a wallet at a time, in all processes and tasks that share its folder. Dies with its holder.
struct TransactionLock {
    private let descriptor: Int32

    /// Waits for the holder, but not for ever: a command that waits for finality must not hold a heartbeat up.
    static func acquire(_ path: String, within limit: Duration) async throws(TransactionError) -> TransactionLock {
        // A descriptor of its own for each holder: flock tells tasks of one process apart by it.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .busy }
        let end = ContinuousClock.now + limit
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(50))) != nil else {
                close(descriptor)
                throw .busy
            }
        }
        return TransactionLock(descriptor: descriptor)
    }

    private init(descriptor: Int32) { self.descriptor = descriptor }

    func release() { close(descriptor) }
}
