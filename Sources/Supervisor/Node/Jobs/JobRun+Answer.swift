internal import CoFHE
internal import ContentStore
internal import Coordination
internal import Ethereum
internal import Logging
internal import Shared

/// What a leader does with its answer.
extension JobRun {
    /// Whether the answer's key could be stored, as far as that can be known before there is one.
    func probeStorage() async -> Result<Void, JobFailure> {
        guard entry.role == .leader, let storage = services.outputKeys else { return .success(()) }
        let log = log
        return await beforeDeadline {
            do throws(OutputKeyStorage.Failure) {
                if try await storage.takesKeys() { return .success(()) }
                log.event(.outputKeyNotStored, ["reason": "key_store_takes_none"])
            } catch { log.event(.outputKeyNotStored, ["reason": .string(error.code)]) }
            return .failure(.outputKeyNotStored)
        }
    }

    /// Leader: the answer goes to the content store while the worker has its key encrypted.
    mutating func finish(_ answer: Answer, _ worker: Worker) async throws(JobFailure) {
        async let uploaded = upload(answer.blob)
        async let encrypted = outputKey(of: worker)
        let both = await (uploaded, encrypted)
        let output = LeaderOutput(cid: try both.0.get().text, halves: try both.1.get())
        await finish(worker)
        // Storing the key is paid for, and comes when the journal has it.
        if services.outputKeys != nil {
            entry.output = output.encoded
        } else {
            try entry.makeSubmission(from: output, stored: nil)
        }
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
        let (network, helpers, log) = (services.network, services.helpers, log)
        return try await beforeDeadline {
            do throws(ThresholdError) { return .success(try await network.inputs(packed)) } catch {
                log.event(.encryptionFailed, ["reason": .string(error.code)])
                if error == .unreachable { return .failure(.encryptionUnreachable) }
                // The next leader's job waits until the keys and the helper have been looked at again.
                await helpers?.doubt()
                return .failure(.encryptionFailed)
            }
        }.get()
    }

    /// A service that the network has, or a helper of this worker's own.
    func encryption(for worker: Worker) async throws(JobFailure) -> Int32 {
        switch services.network.encryption {
        case .service(let service): return try await connection(to: service.endpoint, or: .encryptionUnreachable)
        case .helper:
            guard let helpers = services.helpers else { throw .encryptionUnavailable }
            let helper = try await beforeDeadline { () async -> Result<EncryptionHelpers.Helper, JobFailure> in
                do throws(JobFailure) { return .success(try await helpers.start()) } catch { return .failure(error) }
            }.get()
            worker.keep(helper)
            return helper.takeDescriptor()
        case nil: throw .workerMisbehaved
        }
    }
}

extension Address {
    /// A requester who can be given a right; nil for none, for the zero address and for a wrong checksum.
    init?(reader text: String?) {
        guard let text, let address = try? Address(text), address != .zero else { return nil }
        self = address
    }
}
