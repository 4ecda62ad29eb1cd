internal import CSystem
package import CoFHE
internal import Glibc
internal import Logging
internal import Shared
internal import Synchronization

/// Starts the program that encrypts a leader's output key, once for each such key, wired straight to that job's worker.
/// The supervisor makes their socket and closes it: the halves pass by where it cannot look.
///
/// Version 1 of the helper's protocol. Arguments: `1`, and the metadata that the proof is bound to, in hexadecimal.
/// Descriptor 3: the worker, which writes 32 bytes (two integers of 128 bits, big-endian) and reads a length of 4 bytes
/// (big-endian) and so many bytes of packed list. Descriptors 4 and 5: the network's public key and the parameters of
/// its proofs, open for reading. Descriptors 0 to 2 are /dev/null.
package final class EncryptionHelpers: Sendable {
    private let program: Int32
    private let name: String
    private let keys: NetworkKeys
    private let metadata: [UInt8]
    private let thread: SpawnThread
    private let ready = Mutex(false)

    private static let rest = Duration.seconds(600)
    /// Enough for a runtime that reserves much and touches little.
    private static let addressSpace: UInt64 = 64 << 30
    private static let processorSeconds: UInt64 = 120
    /// Nothing of the operator's: where to look for shared libraries and modules is the program's own business.
    private static let environment = ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nonexistent", "LANG=C.UTF-8"]

    /// - Parameter path: of the helper's program.
    package init(
        path: String, keys: NetworkKeys, metadata: [UInt8], thread: SpawnThread
    ) throws(WorkerError) {
        program = open(path, O_RDONLY | O_CLOEXEC)
        guard program >= 0 else { throw .notStarted(errno: errno) }
        name = path
        self.keys = keys
        self.metadata = metadata
        self.thread = thread
    }

    deinit { close(program) }

    /// A helper that runs; it ends with this value, as its worker does with the job.
    final class Helper: Sendable {
        let pid: pid_t
        private let pidfd: Int32
        /// The worker's end of their socket. Whoever takes it closes it.
        let descriptor: Int32

        fileprivate init(pid: pid_t, pidfd: Int32, descriptor: Int32) {
            self.pid = pid
            self.pidfd = pidfd
            self.descriptor = descriptor
        }

        deinit {
            _ = csystem_pidfd_signal(pidfd, SIGKILL)
            WorkerLifetime.reap(pidfd)
        }
    }

    /// Whether the network's keys are here, and are the pinned ones.
    var areReady: Bool { ready.withLock { $0 } }

    /// Makes sure of that, or says why not; how long to wait before it is tried again.
    func prepare(_ log: Logger) async -> Duration {
        do throws(ThresholdError) {
            try await keys.prepare()
            ready.withLock { $0 = true }
            return EncryptionHelpers.rest
        } catch {
            var fields: Logger.Metadata = ["reason": .string(error.code)]
            if case .keysChanged(let found) = error { fields["found"] = .string(found) }
            log.event(.networkKeysMissing, fields)
            return error == .unreachable ? .seconds(60) : EncryptionHelpers.rest
        }
    }

    func start() async throws(JobFailure) -> Helper {
        let files: NetworkKeys.Files
        do throws(ThresholdError) { files = try await keys.open() } catch {
            throw error == .unreachable ? .encryptionUnreachable : .encryptionUnavailable
        }
        let arguments = [name, "1", Hexadecimal.encode(metadata)]
        let (program, more) = (program, [files.publicKey, files.parameters])
        let result: Result<Helper, JobFailure> = await withCheckedContinuation { continuation in
            thread.add { world in
                continuation.resume(returning: EncryptionHelpers.start(program, arguments, more, world))
            }
        }
        // The files stay open until the child has its own descriptors of them.
        _ = consume files
        return try result.get()
    }

    private static func start(
        _ program: Int32, _ arguments: [String], _ more: [Int32], _ world: [Int32]?
    ) -> Result<Helper, JobFailure> {
        guard let (workers, helpers) = SpawnThread.socketPair() else { return .failure(.encryptionUnavailable) }
        defer { close(helpers) }
        _ = fcntl(workers, F_SETFL, O_NONBLOCK)
        var pidfd: Int32 = -1
        let pid = more.withUnsafeBufferPointer { more in
            var order = csystem_spawn()
            order.executable = program
            order.channel = helpers
            order.more = more.baseAddress
            order.more_count = Int32(more.count)
            order.is_guest = 1
            order.address_space = addressSpace
            order.cpu_seconds = processorSeconds
            return SpawnThread.spawn(order, arguments, environment, in: world, pidfd: &pidfd)
        }
        guard pid > 0 else {
            close(workers)
            return .failure(.encryptionUnavailable)
        }
        return .success(Helper(pid: pid, pidfd: pidfd, descriptor: workers))
    }
}
