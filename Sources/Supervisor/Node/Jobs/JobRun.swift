internal import CoFHE
internal import ContentStore
internal import Coordination
internal import Ethereum
internal import Glibc
internal import Logging
internal import Shared

/// One job from assignment to computed answer, each attempt with a worker of its own.
///
/// What can be known to fail comes before the claim, because only a claim can hurt: the model is known, the key is sealed
/// to the worker and signed for it, the blob is downloaded and verified, the key store takes keys. After the claim, what may
/// pass is tried again: a claim cannot be handed back, and silence counts against the node.
struct JobRun {
    let services: JobServices
    let service: ModelCatalogue.Service
    var entry: JournalEntry
    private var handles: KeyHandles?
    let log: Logger
    /// By when the job must be over: from the start of the preparation at first, from the claim afterwards.
    private(set) var deadline: ContinuousClock.Instant
    private var isClaimed = false

    /// - Parameter handles: nil where the coordinator names them in its answer to the claim only.
    init(services: JobServices, service: ModelCatalogue.Service, entry: JournalEntry, handles: KeyHandles?) {
        self.services = services
        self.service = service
        self.entry = entry
        self.handles = handles
        deadline = .now + services.timing.preparation
        var log = services.log
        log[metadataKey: "job"] = .string(entry.id.text)
        self.log = log
    }

    /// Runs the job until its answer is in the journal. A verifier's answer is its inner hash, a leader's the whole
    /// submission.
    mutating func compute() async throws(JobFailure) -> JournalEntry {
        if entry.output == nil, entry.submission == nil {
            try await answer()
        } else {
            // An earlier try has made it. What may be paid for already is not made again.
            guard entry.output == nil || services.outputKeys != nil else { throw .outputKeyNotStored }
            try await probeStorage().get()
            _ = try await claim(with: nil)
            entry.state = .computed
            try await record()
        }
        // In its seat: a node takes no more jobs than it can store keys for.
        if entry.output != nil { try await JobDelivery(services: services, entry: entry).storeKey(&entry) }
        return entry
    }

    /// Tries until there is an answer, or no time or no sense in another try.
    private mutating func answer() async throws(JobFailure) {
        var attempt = 1
        while true {
            do throws(JobFailure) { return try await once() } catch {
                guard .now < deadline || error.isFinal else { throw .outOfTime }
                guard isClaimed, let pause = services.timing.pause(after: error, attempt, until: deadline) else {
                    throw error
                }
                log.event(.jobRetried, ["code": .string(error.rawValue), "attempt": .stringConvertible(attempt)])
                do { try await Task.sleep(for: pause) } catch { throw .interrupted }
                attempt += 1
            }
        }
    }

    private mutating func once() async throws(JobFailure) {
        let worker = try await ofWorker { () throws(WorkerError) in try await services.workers.take() }
        defer { worker.kill() }
        worker.end(by: deadline)
        // Told to stop, the job ends with its worker: no wait on the channel looks at cancellation.
        let result = await withTaskCancellationHandler { () async -> Result<Void, JobFailure> in
            do throws(JobFailure) { return .success(try await serve(worker)) } catch { return .failure(error) }
        } onCancel: {
            worker.kill()
        }
        try result.get()
    }

    private mutating func serve(_ worker: Worker) async throws(JobFailure) {
        entry.receipt = worker.receipt?.json.encoded()
        guard exposed < services.timing.exposure else { throw .exposedTooLong }
        let prepared = try await prepare(worker)
        guard worker.isAlive else { throw .workerCrashed }
        if !isClaimed { _ = try await claim(with: worker) }
        log.event(.inferenceStarted, ["backend": .string(service.name)])
        let started = ContinuousClock.now
        let answer: Answer
        do throws(JobFailure) {
            try await material(prepared, to: worker)
            answer = try await self.answer(of: worker, since: started)
        } catch {
            // Nothing is open any more once the worker has gone.
            worker.kill()
            await worker.waitForEnd(within: .seconds(1))
            expose(ContinuousClock.now - started)
            // The job may be interrupted before it is recorded again.
            try? await record()
            throw error
        }
        expose(answer.exposure)
        log.event(
            .inferenceCompleted,
            [
                "milliseconds": .stringConvertible((ContinuousClock.now - started).milliseconds),
                "exposureMilliseconds": .stringConvertible(answer.exposure.milliseconds),
            ])
        entry.innerHash = answer.innerHash
        if entry.role == .leader { try await finish(answer, worker) } else { await finish(worker) }
        entry.state = .computed
        try await record()
    }

    // MARK: - Before the claim

    private struct Prepared {
        let handles: KeyHandles
        let sealed: SealedKey
        let blob: [UInt8]
    }

    private mutating func prepare(_ worker: Worker) async throws(JobFailure) -> Prepared {
        let cid: CID
        do { cid = try CID(entry.promptCID) } catch { throw .blobMismatch }
        let encryption = entry.role == .leader ? services.network.encryption : nil
        guard entry.role == .verifier || encryption != nil else { throw .encryptionUnavailable }
        let seal = try await seal()
        let order = JobOrder(
            role: entry.role, modelID: entry.model, seal: seal, backend: service.backend, encryption: encryption)
        let publicKey = try await ofWorker { () throws(WorkerError) in
            try await worker.start(order, credential: service.credential, deadline: endOfStep)
            let (header, _) = try await worker.receive(deadline: endOfStep)
            guard header.kind == .sealingKey, let key = header.fields["public"]?.text.flatMap(Hexadecimal.decode),
                key.count == 32
            else { throw WorkerError.channel(.outOfOrder(header.kind)) }
            return key
        }
        async let blob = download(cid)
        async let storage = probeStorage()
        // Old coordinators name no handles before the claim; all else is made sure of first.
        if handles == nil {
            _ = try await blob.get()
            try await storage.get()
            handles = try await claim(with: worker).map(services.network.named)
            if let handles { services.permits.assign(handles, to: entry.id.text) }
        }
        guard let handles else { throw .handlesMissing }
        guard handles.areSet else { throw .handleZero }
        async let sealed = sealedKey(handles, to: publicKey, as: seal)
        let all = await (sealed, blob, storage)
        try all.2.get()
        return Prepared(handles: handles, sealed: try all.0.get(), blob: try all.1.get())
    }

    private func seal() async throws(JobFailure) -> JobOrder.Seal {
        let (network, log) = (services.network, log)
        return try await beforeDeadline {
            do throws(ThresholdError) { return .success(try await network.seal()) } catch {
                log.event(.decryptFailed, ["reason": .string(error.code)])
                return .failure(JobFailure(threshold: error))
            }
        }.get()
    }

    private func sealedKey(
        _ handles: KeyHandles, to publicKey: [UInt8], as seal: JobOrder.Seal
    ) async -> Result<SealedKey, JobFailure> {
        let (network, log, job) = (services.network, log, entry.id.text)
        return await beforeDeadline {
            do throws(ThresholdError) {
                let sealed = try await network.sealedKey(handles, of: job, to: publicKey, as: seal)
                log.event(.keySealed)
                return .success(sealed)
            } catch {
                log.event(.decryptFailed, ["reason": .string(error.code)])
                return .failure(JobFailure(threshold: error))
            }
        }
    }

    private func download(_ cid: CID) async -> Result<[UInt8], JobFailure> {
        let (content, log, limit) = (services.content, log, services.limits.blob)
        return await beforeDeadline {
            do throws(ContentError) {
                let blob = try await content.download(cid, maximumBytes: limit)
                log.event(.promptDownloaded, ["bytes": .stringConvertible(blob.count)])
                return .success(blob)
            } catch { return .failure(JobFailure(content: error)) }
        }
    }

    func beforeDeadline<R: Sendable>(
        _ operation: @escaping @Sendable () async -> Result<R, JobFailure>
    ) async -> Result<R, JobFailure> {
        await withDeadline(deadline, operation)
    }

    /// Promises the job. What the journal knows by then is enough to take it up again after a crash.
    private mutating func claim(with worker: Worker?) async throws(JobFailure) -> KeyHandles? {
        entry.state = .claimed
        entry.claimedAt = Int(time(nil))
        try await record()
        let promised = ContinuousClock.now
        do throws(CoordinatorError) {
            let claim = try await services.coordinator.claim(entry.id)
            deadline = promised + services.timing.limit
            worker?.end(by: deadline)
            isClaimed = true
            log.event(.jobClaimed)
            return claim.hasPromptKey ? KeyHandles(high: claim.keyHigh, low: claim.keyLow) : nil
        } catch { throw JobFailure(claim: error) }
    }

    // MARK: - After the claim

    private func material(_ prepared: Prepared, to worker: Worker) async throws(JobFailure) {
        try await ofWorker { () throws(WorkerError) in
            try await worker.send(
                material: prepared.sealed, of: prepared.handles, blob: prepared.blob, deadline: endOfStep)
        }
    }

    struct Answer {
        let innerHash: [UInt8]
        /// The worker's own measure.
        let exposure: Duration
        /// A leader's `iv ‖ tag ‖ ciphertext`.
        let blob: [UInt8]
    }

    private func answer(
        of worker: Worker, since start: ContinuousClock.Instant
    ) async throws(JobFailure) -> Answer {
        let end = min(deadline, start + services.timing.exposure - exposed)
        let header: FrameHeader
        let body: [UInt8]
        do throws(JobFailure) { (header, body) = try await next(from: worker, by: end) } catch {
            throw error == .workerTimedOut && end < deadline && .now >= end ? .exposedTooLong : error
        }
        guard header.kind == .output, let hash = header.fields["innerHash"]?.text.flatMap(Hexadecimal.decode),
            hash.count == SHA256.byteCount, body.isEmpty == (entry.role == .verifier),
            let exposure = header.fields["exposureMicroseconds"]?.int, exposure >= 0,
            // No longer than the job itself: a worker's word is a number of any size.
            Double(exposure) <= (ContinuousClock.now - start) / .microseconds(1)
        else { throw .workerMisbehaved }
        return Answer(innerHash: hash, exposure: .microseconds(exposure), blob: body)
    }

    /// The next frame that is no request for a connection; those are served on the way.
    func next(
        from worker: Worker, by end: ContinuousClock.Instant
    ) async throws(JobFailure) -> (header: FrameHeader, body: [UInt8]) {
        while true {
            let frame = try await ofWorker { () throws(WorkerError) in
                try await worker.receive(deadline: end, step: services.timing.workerStep)
            }
            guard frame.header.kind == .connect else { return frame }
            try await connect(worker, frame.header.fields["endpoint"]?.text.flatMap(Endpoint.Name.init))
        }
    }

    /// Only the endpoints of this job's order exist for its worker.
    private func connect(_ worker: Worker, _ name: Endpoint.Name?) async throws(JobFailure) {
        guard let name else { throw .workerMisbehaved }
        let descriptor =
            switch (name, service.backend, entry.role) {
            case (.model, .chat(let chat), _): try await connection(to: chat.endpoint, or: .modelUnreachable)
            case (.encryption, _, .leader): try await encryption(for: worker)
            default: throw .workerMisbehaved
            }
        // Nobody but the worker has it from here.
        defer { close(descriptor) }
        try await ofWorker { () throws(WorkerError) in
            try await worker.send(
                .endpoint, fields: [.init("endpoint", .string(name.rawValue))], descriptor: descriptor,
                deadline: endOfStep)
        }
    }

    func connection(to endpoint: Endpoint, or failure: JobFailure) async throws(JobFailure) -> Int32 {
        guard let descriptor = await services.connector.connect(to: endpoint) else { throw failure }
        return descriptor
    }

    /// Tells the worker that nothing more is needed; it wipes and ends. The answer is complete: a worker that dies now
    /// costs nothing.
    func finish(_ worker: Worker) async {
        let end = ContinuousClock.now + JobTiming.farewell
        worker.end(by: end)
        try? await worker.send(.done, deadline: end)
        await worker.waitForEnd(within: end - .now)
    }

    /// How long the job's plaintext has lain open so far, in all attempts.
    private var exposed: Duration { .microseconds(entry.exposure ?? 0) }

    private mutating func expose(_ duration: Duration) {
        entry.exposure = Int((exposed + duration) / .microseconds(1))
        NodeMetrics.exposed(for: duration)
    }

    /// By when a step of the channel must be over that waits for the worker alone.
    private var endOfStep: ContinuousClock.Instant { min(deadline, .now + services.timing.workerStep) }

    private mutating func record() async throws(JobFailure) {
        entry.updatedAt = Int(time(nil))
        do { try await services.journal.record(entry) } catch { throw .journalUnavailable }
    }
}

/// A worker's failure as the job's.
private func ofWorker<R: Sendable>(_ body: () async throws(WorkerError) -> R) async throws(JobFailure) -> R {
    do throws(WorkerError) { return try await body() } catch { throw error.jobFailure }
}
