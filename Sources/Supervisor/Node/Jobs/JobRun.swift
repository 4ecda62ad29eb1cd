internal import CoFHE
internal import ContentStore
internal import Coordination
internal import Ethereum
internal import Glibc
internal import Logging
internal import Shared

/// One job from assignment to computed answer, each attempt with a worker of its own.
///
/// Everything that can fail for a reason outside of this node comes before the claim, because only a claim can hurt:
/// the model is known, the key is sealed to the worker, the blob is downloaded and verified. After the claim, what may
/// pass is tried again: a claim cannot be handed back, and silence counts against the node.
struct JobRun {
    let services: JobServices
    let service: ModelCatalogue.Service
    var entry: JournalEntry
    private var handles: KeyHandles?
    private let log: Logger
    /// By when the job must be over: from the start of the preparation at first, from the claim afterwards.
    private var deadline: ContinuousClock.Instant
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
        var attempt = 1
        while true {
            do throws(JobFailure) {
                try await once()
                return entry
            } catch {
                guard .now < deadline else { throw .outOfTime }
                guard isClaimed, attempt < error.attempts, attempt <= services.timing.pauses.count else { throw error }
                let pause = services.timing.pauses[attempt - 1] * Double.random(in: 0.8...1.2)
                guard .now + pause < deadline else { throw error }
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
        if entry.role == .leader { try await deliver(answer, worker) } else { await finish(worker) }
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
        let order = JobOrder(
            role: entry.role, modelID: entry.model, seal: try await seal(), backend: service.backend,
            encryption: encryption)
        let publicKey = try await ofWorker { () throws(WorkerError) in
            try await worker.start(order, credential: service.credential, deadline: endOfStep)
            let (header, _) = try await worker.receive(deadline: endOfStep)
            guard header.kind == .sealingKey, let key = header.fields["public"]?.text.flatMap(Hexadecimal.decode),
                key.count == 32
            else { throw WorkerError.channel(.outOfOrder(header.kind)) }
            return key
        }
        // Old coordinators name no handles before the claim.
        if handles == nil {
            handles = try await claim(with: worker)
            if let handles { services.permits.assign(handles, to: entry.id.text) }
        }
        guard let handles else { throw .handlesMissing }
        guard handles.areSet else { throw .handleZero }
        async let sealed = seal(handles, to: publicKey)
        async let blob = download(cid)
        let both = await (sealed, blob)
        return Prepared(handles: handles, sealed: try both.0.get(), blob: try both.1.get())
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

    private func seal(_ handles: KeyHandles, to publicKey: [UInt8]) async -> Result<SealedKey, JobFailure> {
        let (network, log, job) = (services.network, log, entry.id.text)
        return await beforeDeadline {
            do throws(ThresholdError) {
                let sealed = try await network.sealedKey(handles, of: job, to: publicKey)
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

    /// What others do for the job ends with the job: their own patience may be longer than what is left.
    private func beforeDeadline<R: Sendable>(
        _ operation: @escaping @Sendable () async -> Result<R, JobFailure>
    ) async -> Result<R, JobFailure> {
        let deadline = deadline
        return await withTaskGroup(of: Result<R, JobFailure>.self) { group in
            group.addTask(operation: operation)
            group.addTask {
                try? await Task.sleep(until: deadline, clock: .continuous)
                return .failure(Task.isCancelled ? .interrupted : .outOfTime)
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(.outOfTime)
        }
    }

    /// Promises the job. What the journal knows by then is enough to take it up again after a crash.
    private mutating func claim(with worker: Worker) async throws(JobFailure) -> KeyHandles? {
        entry.state = .claimed
        entry.claimedAt = Int(time(nil))
        try await record()
        let promised = ContinuousClock.now
        do throws(CoordinatorError) {
            let claim = try await services.coordinator.claim(entry.id)
            deadline = promised + services.timing.limit
            worker.end(by: deadline)
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

    private struct Answer {
        let innerHash: [UInt8]
        /// The worker's own measure.
        let exposure: Duration
        /// A leader's `iv ‖ tag ‖ ciphertext`.
        let blob: [UInt8]
    }

    private func answer(
        of worker: Worker, since start: ContinuousClock.Instant
    ) async throws(JobFailure) -> Answer {
        let end = min(deadline, start + services.timing.exposure)
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
    private func next(
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

    private func connection(to endpoint: Endpoint, or failure: JobFailure) async throws(JobFailure) -> Int32 {
        guard let descriptor = await services.connector.connect(to: endpoint) else { throw failure }
        return descriptor
    }

    /// A service that the network has, or a helper of this worker's own.
    private func encryption(for worker: Worker) async throws(JobFailure) -> Int32 {
        switch services.network.encryption {
        case .service(let service): return try await connection(to: service.endpoint, or: .encryptionUnreachable)
        case .helper:
            guard let helpers = services.helpers else { throw .encryptionUnavailable }
            let helper = try await beforeDeadline { () async -> Result<EncryptionHelpers.Helper, JobFailure> in
                do throws(JobFailure) { return .success(try await helpers.start()) } catch { return .failure(error) }
            }.get()
            helper.end(by: deadline)
            worker.keep(helper)
            return helper.descriptor
        case nil: throw .workerMisbehaved
        }
    }

    /// Leader: the answer goes to the content store while the worker has its key encrypted; both make the submission,
    /// once the chain has the key.
    private mutating func deliver(_ answer: Answer, _ worker: Worker) async throws(JobFailure) {
        async let uploaded = upload(answer.blob)
        async let encrypted = outputKey(of: worker)
        let both = await (uploaded, encrypted)
        let cid = try both.0.get()
        let halves = try both.1.get()
        await finish(worker)
        let stored = try await keep(halves)
        let commitment = Commitment.hash(cid: cid.text, innerHash: answer.innerHash)
        let (high, low) = (ResultSubmission.KeyInput(halves.high), ResultSubmission.KeyInput(halves.low))
        // The network knows what was stored by another name than what was given.
        let names = stored == nil ? (high.handle, low.handle) : (high.storedHandle, low.storedHandle)
        let submission = ResultSubmission(
            job: entry.id, outputCID: cid.text, commitment: commitment, keyHigh: names.0, keyLow: names.1,
            inputs: (high: high, low: low), storeTransaction: stored)
        guard let submission else { throw .encryptionFailed }
        entry.commitment = commitment
        entry.submission = submission.body
    }

    private func upload(_ blob: [UInt8]) async -> Result<CID, JobFailure> {
        let (content, log) = (services.content, log)
        return await beforeDeadline {
            do throws(ContentError) {
                let cid = try await content.upload(blob)
                log.event(.outputUploaded, ["cid": .string(cid.text), "bytes": .stringConvertible(blob.count)])
                return .success(cid)
            } catch { return .failure(.uploadFailed) }
        }
    }

    private func outputKey(of worker: Worker) async -> Result<InputVerifier.Halves, JobFailure> {
        do throws(JobFailure) {
            let (header, body) = try await next(from: worker, by: deadline)
            guard header.kind == .outputKey else { throw .workerMisbehaved }
            let halves: InputVerifier.Halves
            switch services.network.encryption {
            case .helper where !body.isEmpty: halves = try await inputs(packed: body)
            case .service where body.isEmpty:
                let handles = ["high", "low"].map { name in
                    header.fields[name]?.text.flatMap { CiphertextHandle(hexadecimal: $0) }
                }
                guard let high = handles[0], let low = handles[1], !high.isZero, !low.isZero else {
                    throw .encryptionFailed
                }
                halves = (.init(handle: high.word, signature: []), .init(handle: low.word, signature: []))
            default: throw .workerMisbehaved
            }
            log.event(.outputKeyEncrypted)
            return .success(halves)
        } catch { return .failure(error) }
    }

    /// Has the network take over what a helper made.
    private func inputs(packed: [UInt8]) async throws(JobFailure) -> InputVerifier.Halves {
        let (network, log) = (services.network, log)
        return try await beforeDeadline {
            do throws(ThresholdError) { return .success(try await network.inputs(packed)) } catch {
                log.event(.encryptionFailed, ["reason": .string(error.code)])
                return .failure(error == .unreachable ? .encryptionUnreachable : .encryptionFailed)
            }
        }.get()
    }

    /// Stores the key on chain for the user, and gives the transaction's hash; nil where the coordinator is to do that.
    private func keep(_ halves: InputVerifier.Halves) async throws(JobFailure) -> [UInt8]? {
        guard let storage = services.outputKeys else { return nil }
        guard let reader = Address(reader: entry.user) else { throw .requesterMissing }
        let (job, log) = (entry.id, log)
        return try await beforeDeadline {
            do throws(OutputKeyStorage.Failure) {
                let receipt = try await storage.keep(halves, of: job, for: reader)
                log.event(
                    .outputKeyStored,
                    [
                        "transaction": .string("0x" + Hexadecimal.encode(receipt.transaction)),
                        "block": .stringConvertible(receipt.blockNumber),
                        "gas": .stringConvertible(receipt.gasUsed),
                    ])
                return .success(receipt.transaction)
            } catch {
                log.event(.outputKeyNotStored, ["reason": .string(error.code)])
                return .failure(.outputKeyNotStored)
            }
        }.get()
    }

    /// Tells the worker that nothing more is needed; it wipes and ends. The answer is complete: a worker that dies now
    /// costs nothing.
    private func finish(_ worker: Worker) async {
        let end = ContinuousClock.now + JobTiming.farewell
        worker.end(by: end)
        try? await worker.send(.done, deadline: end)
        await worker.waitForEnd(within: end - .now)
    }

    private mutating func expose(_ duration: Duration) {
        entry.exposure = Int(duration / .microseconds(1))
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

extension ResultSubmission.KeyInput {
    fileprivate init(_ input: PromptKeyStoreContract.Input) {
        self.init(handle: CiphertextHandle(input.handle), signature: input.signature)
    }

    fileprivate var storedHandle: CiphertextHandle {
        CiphertextHandle(PromptKeyStoreContract.Input(handle: handle.word, signature: []).storedHandle)
    }
}

extension CiphertextHandle {
    // Both have 32 bytes.
    fileprivate init(_ word: Word) { self = CiphertextHandle(bytes: word.bytes) ?? .zero }
}

extension Address {
    /// A requester who can be given a right; nil for none, for the zero address and for a wrong checksum.
    init?(reader text: String?) {
        guard let text, let address = try? Address(text), address != .zero else { return nil }
        self = address
    }
}
