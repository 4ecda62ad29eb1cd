internal import ContentStore
internal import Ethereum
internal import Shared

/// Results of leaders and verdicts of verifiers (icl.md 1.6, 1.7).
struct DeliveryRoutes {
    let coordinator: Coordinator
    let shelf: ContentShelf
    let vault: Vault
    /// Nil for a network without a chain, whose coordinator believes what it is told.
    let chain: ChainReader?

    var all: [Route] {
        [
            Route("POST", "internal/task/result") { try result($0) },
            Route("POST", "internal/task/verify") { try verdict($0) },
        ]
    }

    private func result(_ call: Call) throws -> Reply {
        let body = try call.object()
        var fields = FieldReader(body)
        let id = fields.filledText("jobId")
        try fields.finish(detail: "jobId is required")
        let cid = fields.filledText("output_cid")
        let commitment = fields.filledText("commitment_hash")
        var keyHigh = fields.optionalText("encrypted_output_key_high")
        var keyLow = fields.optionalText("encrypted_output_key_low")
        let inputs = fields.optionalObject("encrypted_output_key_inputs")
        let transaction = fields.optionalText("output_key_store_tx")
        let storeJob = fields.optionalText("output_key_store_job_id")
        let summary = fields.optionalText("summary")
        _ = fields.verdict(required: false)
        let confidence = fields.confidence(required: false)
        try fields.finish(model: "LeaderTextResultSubmission")
        try requireCommitment(commitment, job: id)
        try checkInputs(inputs, high: keyHigh, low: keyLow, job: id)
        if let transaction, !transaction.isEmpty, let chain {
            let id = Hexadecimal.decode(storeJob ?? outputKeyID(id)) ?? []
            guard let stored = try? chain.handles(under: id) else { throw Refusal(500, "Internal error: chain", nil) }
            let (high, low) = (HandleText.decimal(stored.high), HandleText.decimal(stored.low))
            if (high, low) != (keyHigh, keyLow) {
                coordinator.note(.outputKeyNotOnChain, call, job: body["jobId"]?.text, "the key store has another key")
            }
            (keyHigh, keyLow) = (high, low)
        }
        let result = Job.Result(
            cid: cid, commitment: commitment, keyHigh: keyHigh, keyLow: keyLow, confidence: confidence,
            message: body.sorted, storeTransaction: transaction,
            storeJob: storeJob ?? transaction.map { _ in outputKeyID(id) })
        let (job, isFirst) = try coordinator.update(call.route) { board, now in
            let isFirst = board.jobs.find(id)?.result == nil
            let job = try board.jobs.deliver(result, of: id, by: call.caller, now: now)
            if isFirst { board.operators.count(\.deliveries, call.caller) }
            return (job, isFirst)
        }
        if isFirst { inspect(result, of: job, hasSummary: summary != nil, call) }
        return .json([
            "status": .string(job.decision == .open ? "leader_result_recorded" : "committed"),
            "job_id": .string(id), "task_id": .string(job.id), "commitment_hash": .string(commitment),
            "output_key_store_tx": .optional(transaction), "output_key_store_job_id": .optional(result.storeJob),
            "finalized": .bool(job.decision != .open),
        ])
    }

    /// What is wrong with a result that was accepted, and the user's right to read its key.
    private func inspect(_ result: Job.Result, of job: Job, hasSummary: Bool, _ call: Call) {
        if hasSummary { coordinator.note(.plaintextSummary, call, job: job.id, "summary is plaintext") }
        if let cid = try? CID(result.cid) {
            if shelf.file(cid) == nil {
                coordinator.note(.outputNotRetrievable, call, job: job.id, "output is not in the store")
            }
        } else {
            // The published node invents a text when it has no upload credential; it cannot be retrieved either.
            coordinator.note(.outputIdentifierInvalid, call, job: job.id, "output_cid is no CID")
            coordinator.note(.outputNotRetrievable, call, job: job.id, "output is not in the store")
        }
        guard let high = result.keyHigh, let low = result.keyLow else {
            coordinator.note(.outputKeyMissing, call, job: job.id, "the user can never read the answer")
            return
        }
        for text in [high, low] {
            guard let handle = HandleText.parse(decimal: text), vault.contains(handle) else {
                coordinator.note(.outputKeyUnknown, call, job: job.id, "output key handle is unknown")
                continue
            }
            // The key store gives the right to read; without a chain, everybody is believed to have done so.
            if let chain, result.storeTransaction != nil, (try? chain.mayRead(handle, job.user)) != true {
                coordinator.note(.outputKeyUnreadable, call, job: job.id, "the user may not read the output key")
                continue
            }
            vault.allow([job.user], handle)
        }
    }

    private func verdict(_ call: Call) throws -> Reply {
        var fields = FieldReader(try call.object())
        let id = fields.filledText("jobId")
        try fields.finish(detail: "jobId is required")
        let address = fields.filledText("verifier_address")
        let commitment = fields.filledText("commitment_hash")
        let confirms = fields.verdict(required: true)
        let confidence = fields.confidence(required: true)
        try fields.finish(model: "VerifierVerdictSubmission")
        try requireSubject(address, call)
        try requireCommitment(commitment, job: id)
        let verdict = Job.Verdict(commitment: commitment, confirms: confirms ?? false, confidence: confidence ?? 0)
        let job = try coordinator.update(call.route) { board, now in
            let isFirst = board.jobs.find(id)?.verdict(of: address) == nil
            let job = try board.jobs.judge(verdict, of: id, by: address, now: now)
            if isFirst { board.operators.count(\.deliveries, address) }
            return job
        }
        return .json([
            "status": .string(job.decision == .open ? "verifier_verdict_recorded" : "committed"),
            "job_id": .string(id), "task_id": .string(job.id), "verifier_address": .string(address),
            "finalized": .bool(job.decision != .open),
        ])
    }

    /// 64 lower-case digits without prefix: the real coordinator compares the text.
    private func requireCommitment(_ text: String, job: String) throws {
        guard text.utf8.count == 64, text == text.lowercased(), !text.hasPrefix("0x"), Hexadecimal.decode(text) != nil
        else { throw Refusal(400, "commitment_hash must be 64 lower-case digits", .commitmentMalformed, job: job) }
    }

    /// `{high, low}` of `{ctHash, securityZone, utype, signature}`, each ctHash being the handle beside it.
    private func checkInputs(_ inputs: JSONValue?, high: String?, low: String?, job: String) throws {
        guard let inputs else { return }
        for (name, handle) in [("high", high), ("low", low)] {
            let input = inputs[name]
            // An input's last two bytes become type and zone where a contract takes it.
            guard let input, let hash = input["ctHash"]?.text.flatMap({ HandleText.parse(decimal: $0) }),
                let named = handle.flatMap({ HandleText.parse(decimal: $0) }),
                hash == named || (chain != nil && hash.bytes.prefix(30) + [6, 0] == named.bytes[...]),
                input["securityZone"]?.int == 0,
                input["utype"]?.int == 6, input["signature"]?.text?.hasPrefix("0x") == true
            else { throw Refusal(400, "encrypted_output_key_inputs.\(name) is malformed", .fieldWrongType, job: job) }
        }
    }

    private func outputKeyID(_ job: String) -> String {
        "0x" + Hexadecimal.encode(Keccak256.hash(Array("\(job):output-key".utf8)))
    }
}

extension JSONValue {
    /// The same value with the members of every object in the order of their keys.
    var sorted: JSONValue {
        switch self {
        case .object(let members):
            .object(members.map { Member($0.key, $0.value.sorted) }.sorted { $0.key < $1.key })
        case .array(let elements): .array(elements.map(\.sorted))
        default: self
        }
    }
}
