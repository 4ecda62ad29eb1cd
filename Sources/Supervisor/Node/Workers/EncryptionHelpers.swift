internal import CSystem
package import CoFHE
internal import Dispatch
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

    private static let rest = Duration.seconds(60)
    /// Milliseconds without a byte from a helper that is tried out.
    private static let trialTimeout: Int32 = 120_000
    /// Enough for a runtime that reserves much and touches little.
    private static let (addressSpace, memory): (UInt64, UInt64) = (64 << 30, 4 << 30)
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
        /// The worker's end of their socket, until somebody takes it.
        private let descriptor: Mutex<Int32>

        fileprivate init(pid: pid_t, pidfd: Int32, descriptor: Int32) {
            self.pid = pid
            self.pidfd = pidfd
            self.descriptor = Mutex(descriptor)
        }

        deinit {
            let left = takeDescriptor()
            if left >= 0 { close(left) }
            _ = csystem_pidfd_signal(pidfd, SIGKILL)
            WorkerLifetime.reap(pidfd)
        }

        /// The worker's end, which is the caller's to close from then on; once.
        func takeDescriptor() -> Int32 {
            descriptor.withLock { descriptor in
                defer { descriptor = -1 }
                return descriptor
            }
        }
    }

    /// Whether the network's keys are the pinned ones, and a key that was made up has gone all the way to the verifier.
    var isReady: Bool { ready.withLock { $0 } }

    /// The network has refused what a helper made: nothing is led before both have been looked at again.
    func doubt() async {
        ready.withLock { $0 = false }
        await keys.doubt()
    }

    /// Makes sure that a key could be encrypted, or says why not; how long to wait before it is looked at again.
    ///
    /// - Parameter verify: what becomes of a packed key in the end.
    func prepare(
        _ log: Logger, verify: @Sendable ([UInt8]) async throws(ThresholdError) -> Void
    ) async -> Duration {
        if isReady { return EncryptionHelpers.rest }
        do throws(ThresholdError) {
            try await keys.prepare()
            guard let packed = await trial() else {
                log.event(.encryptionNotReady, ["reason": "helper_failed"])
                return EncryptionHelpers.rest
            }
            try await verify(packed)
            ready.withLock { $0 = true }
        } catch {
            var fields: Logger.Metadata = ["reason": .string(error.code)]
            if case .keysChanged(let found) = error { fields["found"] = .string(found) }
            log.event(.encryptionNotReady, fields)
        }
        return EncryptionHelpers.rest
    }

    /// What a helper makes of a key that is nobody's; nil where it makes nothing.
    private func trial() async -> [UInt8]? {
        guard let helper = try? await start() else { return nil }
        let descriptor = helper.takeDescriptor()
        let packed = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: EncryptionHelpers.exchange(descriptor)) }
        }
        // Alive until here.
        _ = helper.pid
        return packed
    }

    /// Plays the worker.
    private static func exchange(_ descriptor: Int32) -> [UInt8]? {
        defer { close(descriptor) }
        var key = [UInt8](repeating: 0, count: 32)
        csystem_random(&key, key.count)
        guard Glibc.send(descriptor, key, key.count, Int32(MSG_NOSIGNAL)) == key.count else { return nil }
        guard let head = read(4, from: descriptor) else { return nil }
        let length = head.reduce(0) { $0 << 8 | Int($1) }
        guard (1...JobLimits.packedKey).contains(length) else { return nil }
        return read(length, from: descriptor)
    }

    private static func read(_ count: Int, from descriptor: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            guard poll(descriptor, POLLIN, timeout: trialTimeout) else { return nil }
            let offset = filled
            let some = bytes.withUnsafeMutableBytes { bytes in
                Glibc.read(descriptor, bytes.baseAddress?.advanced(by: offset), count - offset)
            }
            guard some > 0 else { return nil }
            filled += some
        }
        return bytes
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
            order.guest_memory = memory
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
