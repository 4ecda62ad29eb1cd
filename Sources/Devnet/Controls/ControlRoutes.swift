internal import Ethereum
internal import Shared

/// `/dev/…`: what no real network has. Tests and the user's command drive the toy by it.
struct ControlRoutes {
    let coordinator: Coordinator
    let vault: Vault
    let shelf: ContentShelf
    let faults: FaultBook
    let ledger: Ledger
    let clock: DevClock
    /// Active operators that a drawn job waits for.
    let nodes: Int
    let chain: ChainReader?

    var all: [Route] {
        [
            Route("POST", "dev/submit") { try submit($0) },
            Route("GET", "dev/state") { _ in .json(state()) },
            Route("GET", "dev/jobs/*") { try job($0) },
            Route("GET", "dev/report") { _ in .json(ledger.report) },
            Route("POST", "dev/report/clear") { _ in
                ledger.clear()
                return .json(["status": "ok"])
            },
            Route("POST", "dev/fault") {
                try faults.add($0.object())
                return .json(["faults": .integer(faults.count)])
            },
            Route("POST", "dev/faults/clear") { _ in
                faults.clear()
                return .json(["faults": 0])
            },
            Route("POST", "dev/forget") { try forget($0) },
            Route("POST", "dev/clock") { try moveClock($0) },
        ]
    }

    /// Makes a job of an uploaded blob and two encrypted key halves, and lets its nodes read them.
    private func submit(_ call: Call) throws -> Reply {
        let body = try call.object()
        guard let model = body["modelId"]?.text, !model.isEmpty, let userText = body["userAddress"]?.text,
            let user = try? Address(userText)
        else { throw Refusal(400, "modelId and userAddress are required", nil) }
        let keys = try keys(body)
        let id = body["jobId"]?.text ?? "0x" + Hexadecimal.encode(ToyCrypto.random(32))
        guard (1...256).contains(id.utf8.count) else { throw Refusal(400, "jobId is too long", nil) }
        let verifiers = body["verifiers"]?.int ?? 2
        guard (0...16).contains(verifiers) else { throw Refusal(400, "0 to 16 verifiers", nil) }
        let pinned = try pinnedAddresses(body)
        let nodes: [String] = try coordinator.update(call.route) { board, now in
            try quorum(&board.operators, pinned, verifiers, now)
        }
        // Before anybody is offered the job, as a user does it.
        if let keys, let chain, let bytes = Hexadecimal.decode(id), bytes.count == 32 {
            try store(keys, under: bytes, for: nodes, on: chain)
        }
        let job = try coordinator.update(call.route) { board, now in
            let job = Job(
                id: id, model: model, promptCID: body["promptCid"]?.text, user: user, keys: keys, leader: nodes[0],
                verifiers: Array(nodes.dropFirst()), now: now)
            try board.jobs.add(job)
            return job
        }
        if let keys {
            for handle in [keys.high, keys.low] { vault.allow(job.nodes.compactMap { try? Address($0) }, handle) }
        }
        return .json([
            "jobId": .string(job.id), "requestId": .string(job.requestID), "leader": .string(job.leader),
            "verifiers": .array(job.verifiers.map { .string($0) }),
        ])
    }

    private func store(
        _ keys: (high: Word, low: Word), under id: [UInt8], for quorum: [String], on chain: ChainReader
    ) throws {
        do { try chain.store(keys, under: id, for: quorum.compactMap { try? Address($0) }) } catch {
            throw Refusal(500, "the key cannot be stored on chain", nil)
        }
    }

    /// Both handles as decimal text, or none at all for a job without a key.
    private func keys(_ body: JSONValue) throws -> (high: Word, low: Word)? {
        guard let highText = body["kpHighHandle"]?.text, let lowText = body["kpLowHandle"]?.text else { return nil }
        guard let high = HandleText.parse(decimal: highText), let low = HandleText.parse(decimal: lowText) else {
            throw Refusal(400, "handles must be decimal text", nil)
        }
        return (high, low)
    }

    /// `leader` and `verifierAddresses`, which need not have attested yet.
    private func pinnedAddresses(_ body: JSONValue) throws -> (leader: String?, verifiers: [String]?) {
        let leader = body["leader"]?.text
        let verifiers = body["verifierAddresses"]?.elements?.compactMap(\.text)
        let all = (leader.map { [$0] } ?? []) + (verifiers ?? [])
        guard all.allSatisfy({ (try? Address($0))?.checksummed == $0 }), Set(all).count == all.count, all.count <= 17
        else {
            throw Refusal(400, "pinned nodes must be different checksummed addresses", nil)
        }
        return (leader, verifiers)
    }

    private func quorum(
        _ operators: inout OperatorBook, _ pinned: (leader: String?, verifiers: [String]?), _ verifiers: Int,
        _ now: Double
    ) throws -> [String] {
        if let leader = pinned.leader, let pinnedVerifiers = pinned.verifiers { return [leader] + pinnedVerifiers }
        if let leader = pinned.leader, verifiers == 0 { return [leader] }
        let active = operators.active(now: now).count
        guard active >= nodes else { throw Refusal(503, "\(active) of \(nodes) operators are active", nil) }
        guard let drawn = operators.draw(1 + verifiers, leader: pinned.leader, now: now) else {
            throw Refusal(503, "\(active) active operators cannot make a quorum of \(1 + verifiers)", nil)
        }
        return drawn
    }

    private func job(_ call: Call) throws -> Reply {
        let id = call.parameters[0]
        guard let job = coordinator.read({ board, _ in board.jobs.jobs[id] }) else {
            throw Refusal(404, "Job \(id) not found", nil)
        }
        return .json(job.state)
    }

    /// `{now, nodes, jobs, store, faults, errors, droppedErrors, calls}`.
    private func state() -> JSONValue {
        let (now, operators, jobs) = coordinator.read { board, now in
            (now, board.operators.state(now: now), board.jobs.order.compactMap { board.jobs.jobs[$0]?.state })
        }
        let size = shelf.size
        guard case .object(let report) = ledger.report else { return .null }
        return .object(
            [
                .init("now", .seconds(now)), .init("nodes", .array(operators)), .init("jobs", .array(jobs)),
                .init("store", ["files": .integer(size.files), "bytes": .integer(size.bytes)]),
                .init("faults", .integer(faults.count)),
            ] + report)
    }

    private func forget(_ call: Call) throws -> Reply {
        guard let address = try call.object()["nodeAddress"]?.text else {
            throw Refusal(400, "nodeAddress is required", nil)
        }
        try coordinator.update(call.route) { board, _ in board.operators.forget(address) }
        return .json(["status": "ok"])
    }

    private func moveClock(_ call: Call) throws -> Reply {
        guard let seconds = try call.object()["advance"]?.int, abs(seconds) <= 366 * 86_400 else {
            throw Refusal(400, "advance is required, in seconds", nil)
        }
        clock.advance(by: Double(seconds))
        return .json(["now": .seconds(clock.now)])
    }
}
