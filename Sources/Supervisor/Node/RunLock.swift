internal import Glibc

/// One running node a folder: two nodes on one key would claim each other's jobs. The lock dies with its process.
package struct RunLock: Sendable {
    private let descriptor: Int32

    package init(directory: String) throws(StartError) {
        let descriptor = open(directory + "/run.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .journal(.unavailable(path: directory)) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw .alreadyRunning(directory: directory)
        }
        self.descriptor = descriptor
    }

    package func release() { close(descriptor) }

    /// Whether a node holds the lock.
    static func isHeld(directory: String) -> Bool {
        let descriptor = open(directory + "/run.lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }
}
