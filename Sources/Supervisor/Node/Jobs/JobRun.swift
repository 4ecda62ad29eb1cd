internal import CoFHE
internal import ContentStore
internal import Coordination
internal import Glibc
internal import Logging
internal import Shared

/// One job from assignment to computed answer, with one worker of its own.
///
/// Everything that can fail for a reason outside of this node comes before the claim, because only a claim can hurt:
/// the model is known, the key is sealed to the worker, the blob is downloaded and verified.
struct JobRun {
    let services: JobServices
    let service: ModelCatalogue.Service
    var entry: JournalEntry
    private let log: Logger
    /// By when the job must be over: from the start of the preparation at first, from the claim afterwards.
    private var deadline = ContinuousClock.now + JobTiming.preparation

    init(services: JobServices, service: ModelCatalogue.Service, entry: JournalEntry) {
        self.services = services
        self.service = service
        self.entry = entry
        var log = services.log
        log[metadataKey: "job"] = .string(entry.id.text)
        self.log = log
    }

    /// Runs the job until its answer is in the journal. A verifier's answer is its inner hash, a leader's the whole
    /// submission.
    mutating func compute(handles: KeyHandles?) async throws(JobFailure) -> JournalEntry {
        let worker = try await ofWorker { () throws(WorkerError) in try await services.workers.take() }
        defer { worker.kill() }
        // Told to stop, the job ends with its worker: no wait on the channel looks at cancellation.
        let result = await withTaskCancellationHandler { () async -> Result<JournalEntry, JobFailure> in
            do throws(JobFailure) { return .success(try await serve(worker, handles)) } catch { return .failure(error) }
        } onCancel: {
            worker.kill()
        }
        return try result.get()
    }

    private mutating func serve(_ worker: Worker, _ handles: KeyHandles?) async throws(JobFailure) -> JournalEntry {
        let prepared = try await prepare(worker, handles: handles)
        if prepared.claimed == nil { _ = try await claim() }
        log.event(.inferenceStarted, ["backend": .string(service.name)])
        let started = ContinuousClock.now
        try await material(prepared, to: worker)
        let answer = try await answer(of: worker)
        log.event(
            .inferenceCompleted, ["milliseconds": .stringConvertible((ContinuousClock.now - started).milliseconds)])
        entry.innerHash = answer.innerHash
        if entry.role == .leader { try await deliver(answer, worker) }
        try await finish(worker)
        entry.state = .computed
        try await record()
        return entry
    }

    // MARK: - Before the claim

    private struct Prepared {
        let sealed: SealedKey
        let blob: [UInt8]
        let claimed: KeyHandles?
    }

    private mutating func prepare(_ worker: Worker, handles: KeyHandles?) async throws(JobFailure) -> Prepared {
        let cid: CID
        do { cid = try CID(entry.promptCID) } catch { throw .blobMismatch }
        let order = JobOrder(
            role: entry.role, modelID: entry.model, seal: services.network.seal, backend: service.backend,
            encryption: entry.role == .leader ? services.network.encryption : nil)
        let publicKey = try await ofWorker { () throws(WorkerError) in
            try await worker.start(order, credential: service.credential, deadline: .now + JobTiming.workerStep)
            let (header, _) = try await worker.receive(deadline: .now + JobTiming.workerStep)
            guard header.kind == .sealingKey, let key = header.fields["public"]?.text.flatMap(Hexadecimal.decode),
                key.count == 32
            else { throw WorkerError.channel(.outOfOrder(header.kind)) }
            return key
        }
        // Old coordinators name no handles before the claim.
        let claimed: KeyHandles? = handles == nil ? try await claim() : nil
        guard let used = handles ?? claimed else { throw .handlesMissing }
        guard used.areSet else { throw .handleZero }
        async let sealed = seal(used, to: publicKey)
        async let blob = download(cid)
        let both = await (sealed, blob)
        return Prepared(sealed: try both.0.get(), blob: try both.1.get(), claimed: claimed)
    }

    private func seal(_ handles: KeyHandles, to publicKey: [UInt8]) async -> Result<SealedKey, JobFailure> {
        do throws(ThresholdError) {
            let sealed = try await services.network.sealedKey(handles, to: publicKey)
            log.event(.keySealed)
            return .success(sealed)
        } catch {
            log.event(.decryptFailed, ["reason": .string("\(error)")])
            return .failure(error == .unreachable ? .decryptUnreachable : .decryptRefused)
        }
    }

    private func download(_ cid: CID) async -> Result<[UInt8], JobFailure> {
        do throws(ContentError) {
            let blob = try await services.content.download(cid, maximumBytes: services.limits.blob)
            log.event(.promptDownloaded, ["bytes": .stringConvertible(blob.count)])
            return .success(blob)
        } catch { return .failure(JobFailure(content: error)) }
    }

    /// Promises the job. What the journal knows by then is enough to take it up again after a crash.
    private mutating func claim() async throws(JobFailure) -> KeyHandles? {
        entry.state = .claimed
        entry.claimedAt = Int(time(nil))
        try await record()
        do throws(CoordinatorError) {
            let claim = try await services.coordinator.claim(entry.id)
            deadline = .now + JobTiming.limit
            log.event(.jobClaimed)
            return claim.hasPromptKey ? KeyHandles(high: claim.keyHigh, low: claim.keyLow) : nil
        } catch { throw JobFailure(claim: error) }
    }

    // MARK: - After the claim

    private func material(_ prepared: Prepared, to worker: Worker) async throws(JobFailure) {
        try await ofWorker { () throws(WorkerError) in
            try await worker.send(material: prepared.sealed, blob: prepared.blob, deadline: .now + JobTiming.workerStep)
        }
    }

    private struct Answer {
        let innerHash: [UInt8]
        /// A leader's `iv ‖ tag ‖ ciphertext`.
        let blob: [UInt8]
    }

    private func answer(of worker: Worker) async throws(JobFailure) -> Answer {
        let (header, body) = try await next(from: worker)
        guard header.kind == .output, let hash = header.fields["innerHash"]?.text.flatMap(Hexadecimal.decode),
            hash.count == SHA256.byteCount, body.isEmpty == (entry.role == .verifier)
        else { throw .workerMisbehaved }
        return Answer(innerHash: hash, blob: body)
    }

    /// The next frame that is no request for a connection; those are served on the way.
    private func next(from worker: Worker) async throws(JobFailure) -> (header: FrameHeader, body: [UInt8]) {
        while true {
            let frame = try await ofWorker { () throws(WorkerError) in try await worker.receive(deadline: deadline) }
            guard frame.header.kind == .connect else { return frame }
            try await connect(worker, frame.header.fields["endpoint"]?.text.flatMap(Endpoint.Name.init))
        }
    }

    /// Only the endpoints of this job's order exist for its worker.
    private func connect(_ worker: Worker, _ name: Endpoint.Name?) async throws(JobFailure) {
        let endpoint: Endpoint
        switch (name, service.backend) {
        case (.model, .chat(let chat)): endpoint = chat.endpoint
        case (.encryption, _) where entry.role == .leader: endpoint = services.network.encryption.endpoint
        default: throw .workerMisbehaved
        }
        guard let descriptor = await services.connector.connect(to: endpoint) else {
            throw name == .model ? .modelUnreachable : .encryptionUnreachable
        }
        defer { close(descriptor) }
        try await ofWorker { () throws(WorkerError) in
            try await worker.send(
                .endpoint, fields: [.init("endpoint", .string(endpoint.name.rawValue))], descriptor: descriptor,
                deadline: .now + JobTiming.workerStep)
        }
    }

    /// Leader: the answer goes to the content store while the worker has its key encrypted; both make the submission.
    private mutating func deliver(_ answer: Answer, _ worker: Worker) async throws(JobFailure) {
        async let uploaded = upload(answer.blob)
        async let stored = outputKey(of: worker)
        let both = await (uploaded, stored)
        let cid = try both.0.get()
        let key = try both.1.get()
        let commitment = Commitment.hash(cid: cid.text, innerHash: answer.innerHash)
        let submission = ResultSubmission(
            job: entry.id, outputCID: cid.text, commitment: commitment, keyHigh: key.high, keyLow: key.low,
            inputs: (high: .init(handle: key.high, signature: []), low: .init(handle: key.low, signature: [])))
        guard let submission else { throw .encryptionFailed }
        entry.commitment = commitment
        entry.submission = submission.body
    }

    /// Stores the answer, but not past the job's end: the upload's own patience is longer than what may be left.
    private func upload(_ blob: [UInt8]) async -> Result<CID, JobFailure> {
        let (content, log, deadline) = (services.content, log, deadline)
        return await withTaskGroup(of: Result<CID, JobFailure>.self) { group in
            group.addTask {
                do throws(ContentError) {
                    let cid = try await content.upload(blob)
                    log.event(.outputUploaded, ["cid": .string(cid.text), "bytes": .stringConvertible(blob.count)])
                    return .success(cid)
                } catch { return .failure(.uploadFailed) }
            }
            group.addTask {
                try? await Task.sleep(until: deadline, clock: .continuous)
                return .failure(.outOfTime)
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(.uploadFailed)
        }
    }

    private func outputKey(of worker: Worker) async -> Result<KeyHandles, JobFailure> {
        do throws(JobFailure) {
            let (header, _) = try await next(from: worker)
            guard header.kind == .outputKey else { throw .workerMisbehaved }
            let handles = ["high", "low"].map { header.fields[$0]?.text.flatMap { CiphertextHandle(hexadecimal: $0) } }
            guard let high = handles[0], let low = handles[1] else { throw .encryptionFailed }
            let key = KeyHandles(high: high, low: low)
            guard key.areSet else { throw .encryptionFailed }
            return .success(key)
        } catch { return .failure(error) }
    }

    /// Tells the worker that nothing more is needed; it wipes and ends.
    private func finish(_ worker: Worker) async throws(JobFailure) {
        try await ofWorker { () throws(WorkerError) in
            try await worker.send(.done, deadline: .now + JobTiming.workerStep)
        }
        await worker.waitForEnd(within: .seconds(1))
    }

    private mutating func record() async throws(JobFailure) {
        entry.updatedAt = Int(time(nil))
        do { try await services.journal.record(entry) } catch { throw .journalUnavailable }
    }
}

/// A worker's failure as the job's.
private func ofWorker<R: Sendable>(_ body: () async throws(WorkerError) -> R) async throws(JobFailure) -> R {
    do throws(WorkerError) { return try await body() } catch { throw error.jobFailure }
}
