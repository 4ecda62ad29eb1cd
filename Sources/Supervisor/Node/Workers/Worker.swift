internal import CSystem
package import CoFHE
internal import Dispatch
internal import Glibc
package import Shared
internal import Synchronization

/// The supervisor's end of one worker: its process and its channel. One job, then it is over.
///
/// All blocking calls run on the worker's own queue and are bounded by the deadline that each call names.
// @unchecked: descriptors are constant, dispatch sources take calls from any thread, and the rest is behind a lock or
// only touched on `queue`.
package final class Worker: @unchecked Sendable {
    package let pid: Int32
    package let limits: JobLimits
    private let lifetime: WorkerLifetime
    private let channel: Int32
    private let queue: DispatchQueue
    private var machine = JobMachine()
    private let manifest: SandboxManifest
    /// Behind a lock of its own: the queue may be waiting for the worker while somebody asks.
    private let seen = Mutex<SandboxReceipt?>(nil)
    /// What the worker has its output key encrypted by; it ends with the worker.
    private let helper = Mutex<EncryptionHelpers.Helper?>(nil)

    /// Time for a fresh worker to build its walls; loading certificates takes most of it.
    static let readyTimeout = Duration.seconds(10)

    init(pid: pid_t, pidfd: Int32, channel: Int32, limits: JobLimits, manifest: SandboxManifest) {
        self.pid = pid
        lifetime = WorkerLifetime(pidfd: pidfd)
        self.channel = channel
        self.limits = limits
        self.manifest = manifest
        queue = DispatchQueue(label: "worker-\(pid)")
    }

    // The channel's end ends a waiting worker; the end of its lifetime ends any other.
    deinit { close(channel) }

    /// The walls as seen from outside, and the worker's word for the layers that cannot be; nil before it is ready.
    package var receipt: SandboxReceipt? { seen.withLock { $0 } }

    func becomeReady() async throws(WorkerError) {
        let deadline = ContinuousClock.now + Worker.readyTimeout
        try await onQueue { () throws(WorkerError) in
            let (header, _) = try self.read(deadline, within: Worker.readyTimeout)
            guard header.kind == .ready else { throw .channel(.outOfOrder(header.kind)) }
            let proof = try WorkerProof(pid: self.pid, arena: self.limits.arena)
            let receipt = SandboxReceipt(
                manifest: self.manifest, proof: proof, layers: proof.layers.union(Worker.layers(in: header.fields)))
            if let missing = self.manifest.required.first(where: { !receipt.layers.contains($0) }) {
                throw .layerMissing(missing)
            }
            self.seen.withLock { $0 = receipt }
        }
    }

    /// What a worker's `ready` frame says of layers that nobody else can see.
    private static func layers(in ready: JSONValue) -> Set<SandboxLayer> {
        var layers: Set<SandboxLayer> = []
        if ready["landlock"]?.int ?? 0 > 0 { layers.insert(.landlock) }
        if ready["arena"]?.text == SecretArena.Kind.secretMemory.rawValue { layers.insert(.secretMemory) }
        if ready["noExecutableMemory"]?.truth == true { layers.insert(.noExecutableMemory) }
        return layers
    }

    /// Sends a frame whose body, if any, is no secret of this process.
    package func send(
        _ kind: MessageKind, fields: [JSONValue.Member] = [], body: [[UInt8]] = [], descriptor: Int32 = -1,
        deadline: ContinuousClock.Instant
    ) async throws(WorkerError) {
        let length = body.reduce(0) { $0 + $1.count }
        try await onQueue { () throws(WorkerError) in
            try self.write(
                FrameHeader(kind, bodyLength: length, fields: fields).encoded(), descriptor: descriptor, deadline)
            for part in body { try self.write(part, deadline) }
            try self.observe(kind)
        }
    }

    /// Sends the order, with the model's API key straight from secret memory.
    package func start(
        _ order: JobOrder, credential: SharedSecret?, deadline: ContinuousClock.Instant
    ) async throws(WorkerError) {
        try await onQueue { () throws(WorkerError) in
            let header = FrameHeader(.start, bodyLength: credential?.bytes.count ?? 0, fields: order.fields)
            try self.write(header.encoded(), deadline)
            if let credential {
                try credential.bytes.withBytes { bytes throws(WorkerError) in try self.write(bytes, deadline) }
            }
            try self.observe(.start, starts: order.role)
        }
    }

    /// Sends the sealed key halves and the encrypted prompt, all of which only the worker can open.
    ///
    /// - Parameter handles: for which a network that signs must have signed; the worker compares.
    package func send(
        material key: SealedKey, of handles: KeyHandles?, blob: [UInt8], deadline: ContinuousClock.Instant
    ) async throws(WorkerError) {
        let parts = [("high", key.high), ("low", key.low), ("blob", blob)]
        var fields: [JSONValue.Member] = parts.map { .init($0.0, .integer($0.1.count)) }
        if let handles {
            fields += [
                .init("highHandle", .string(handles.high.hexadecimal)),
                .init("lowHandle", .string(handles.low.hexadecimal)),
            ]
        }
        try await send(.material, fields: fields, body: parts.map(\.1), deadline: deadline)
    }

    /// The next frame, of which the first byte may take until `deadline`, and all others `step`. The worker's own
    /// failure is thrown as `failed`.
    package func receive(
        deadline: ContinuousClock.Instant, step: Duration = JobTiming().workerStep
    ) async throws(WorkerError) -> (header: FrameHeader, body: [UInt8]) {
        try await onQueue { () throws(WorkerError) in
            let (header, body) = try self.read(deadline, within: step)
            if header.kind == .failed {
                let code = header.fields["code"]?.text.flatMap(JobFailure.init)
                throw .failed(code.flatMap { $0.isFromWorker ? $0 : nil } ?? .workerMisbehaved)
            }
            return (header, body)
        }
    }

    /// Keeps a helper of this worker's alive as long as the worker itself.
    func keep(_ helper: EncryptionHelpers.Helper) { self.helper.withLock { $0 = helper } }

    package var isAlive: Bool { lifetime.outcome == nil }

    /// Ends the process now. Waiting calls return with `ended`.
    package func kill() { lifetime.kill() }

    /// Ends the process at `instant`, whatever the supervisor is then waiting for: what it asks of name servers, disks
    /// and other services may take longer than the job is allowed to.
    package func end(by instant: ContinuousClock.Instant) { lifetime.end(by: instant) }

    /// Waits for the end of a worker that was told `done`; one that lingers is killed.
    package func waitForEnd(within limit: Duration) async {
        _ = try? await onQueue { () throws(WorkerError) in
            if !self.lifetime.hasEnded(within: limit) { self.kill() }
        }
    }

    // MARK: - On the queue

    private func onQueue<R: Sendable>(_ body: @escaping @Sendable () throws(WorkerError) -> R) async throws(WorkerError)
        -> R
    {
        let result: Result<R, WorkerError> = await withCheckedContinuation { continuation in
            queue.async {
                do throws(WorkerError) { continuation.resume(returning: .success(try body())) } catch {
                    // A channel that broke is never used again, and its worker may still hold a prompt.
                    if case .failed = error {} else { self.kill() }
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    private func observe(_ kind: MessageKind, starts role: JobMachine.Role? = nil) throws(WorkerError) {
        if machine.observe(kind, starts: role) == .refuse { throw .channel(.outOfOrder(kind)) }
    }

    private func read(
        _ deadline: ContinuousClock.Instant, within step: Duration
    ) throws(WorkerError) -> (FrameHeader, [UInt8]) {
        let first = try readBytes(1, deadline)
        // A frame that has begun waits for nobody but the worker.
        let deadline = min(deadline, .now + step)
        let prefix = first + (try readBytes(FrameHeader.lengthBytes - 1, deadline))
        do {
            let header = try FrameHeader(
                parsing: try readBytes(try FrameHeader.length(prefix), deadline), limits: limits)
            guard header.kind.isFromWorker else { throw WorkerError.channel(.outOfOrder(header.kind)) }
            try observe(header.kind)
            return (header, try readBytes(header.bodyLength, deadline))
        } catch let error as ChannelError { throw .channel(error) } catch let error as WorkerError { throw error } catch
        {
            throw .channel(.malformedHeader)
        }
    }

    private func readBytes(_ count: Int, _ deadline: ContinuousClock.Instant) throws(WorkerError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let offset = filled
            // read(2) takes no descriptors: one that a worker sends along is dropped by the kernel.
            let some = bytes.withUnsafeMutableBytes { bytes in
                let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
                return Glibc.read(channel, rest.baseAddress, rest.count)
            }
            if some > 0 { filled += some } else { try waitForChannel(some, POLLIN, deadline) }
        }
        return bytes
    }

    private func write(
        _ bytes: [UInt8], descriptor: Int32 = -1, _ deadline: ContinuousClock.Instant
    ) throws(WorkerError) {
        try bytes.withUnsafeBufferPointer { buffer throws(WorkerError) in
            var rest = UnsafeRawBufferPointer(buffer)
            if descriptor >= 0 {
                // The descriptor travels with the first byte.
                while true {
                    let sent = csystem_send_descriptor(channel, rest.baseAddress, 1, descriptor)
                    if sent == 1 { break }
                    try waitForChannel(sent, POLLOUT, deadline)
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[1...])
            }
            try write(rest, deadline)
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, _ deadline: ContinuousClock.Instant) throws(WorkerError) {
        var rest = bytes
        while !rest.isEmpty {
            let sent = Glibc.send(channel, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if sent > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[sent...])
            } else {
                try waitForChannel(sent, POLLOUT, deadline)
            }
        }
    }

    /// After a call that moved nothing: waits, or says why there is nothing to wait for.
    private func waitForChannel(_ result: Int, _ events: Int32, _ deadline: ContinuousClock.Instant) throws(WorkerError)
    {
        let code = errno
        if result < 0, code == EINTR { return }
        guard result < 0, code == EAGAIN else { throw endOfWorker() }
        let left = (deadline - .now).milliseconds
        guard left > 0, poll(channel, events, timeout: left) else { throw .channel(.timedOut) }
    }

    /// The channel is closed: the process ends, or is made to.
    private func endOfWorker() -> WorkerError {
        guard lifetime.hasEnded(within: .seconds(1)), let status = lifetime.outcome else { return .channel(.closed) }
        return machine.phase == .fresh ? .notReady(status: status) : .ended(status: status)
    }
}
