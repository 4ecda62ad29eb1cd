internal import Ethereum
internal import Shared

/// Assignments, claims and the status that nodes read (icl.md 1.4, 1.5, 1.8).
struct JobRoutes {
    let coordinator: Coordinator

    var all: [Route] {
        [
            Route("GET", "internal/assignments/*") { try assignments($0) },
            Route("POST", "internal/task/claim") { try claim($0) },
            Route("GET", "internal/jobs/*/status") { try status($0) },
            Route("GET", "internal/jobs/*/escrow") { try escrow($0) },
        ]
    }

    private func assignments(_ call: Call) throws -> Reply {
        let address = call.parameters[0]
        guard address.lowercased() == call.caller.lowercased() else {
            throw Refusal(403, "address differs from the signer", .callerIsNotTheSubject)
        }
        // Served all the same, as the published coordinator does: the node is then told a wrong role.
        if address != call.caller { coordinator.note(.addressNotChecksummed, call, job: nil, "address in the path") }
        return try coordinator.update(call.route) { board, now in
            try board.operators.require(call.caller, now: now)
            let hidden = board.jobs.rules.handlesOnlyInClaim
            let offered = board.jobs.offer(to: call.caller, as: address, now: now).map { job, role in
                JSONValue.object([
                    .init("jobId", .string(job.id)), .init("role", .string(role.rawValue)),
                    .init("modelId", .string(job.model)), .init("promptCid", .optional(job.promptCID)),
                    .init("deadline", .integer(Int(now) + 600)), .init("insuranceOptIn", false),
                    .init("userAddress", .string(job.user.checksummed)),
                    .init("kpHighHandle", hidden ? .null : .optional(job.keyHigh.map(HandleText.decimal))),
                    .init("kpLowHandle", hidden ? .null : .optional(job.keyLow.map(HandleText.decimal))),
                    .init("permit", .null),
                ])
            }
            return .json(["assignments": .array(offered)])
        }
    }

    private func claim(_ call: Call) throws -> Reply {
        var fields = FieldReader(try call.object())
        let id = fields.filledText("jobId")
        let address = fields.filledText("nodeAddress")
        try fields.finish(detail: "jobId and nodeAddress are required")
        try requireSubject(address, call)
        return try coordinator.update(call.route) { board, now in
            try board.operators.require(address, now: now)
            let job = try board.jobs.claim(id, by: address, now: now)
            // Bare integers up to 2^256, which readers that go through Double corrupt. 0 says that there is no key.
            return .json([
                "kpHighHandle": .number(job.keyHigh.map(HandleText.decimal) ?? "0"),
                "kpLowHandle": .number(job.keyLow.map(HandleText.decimal) ?? "0"), "outputKeyGranted": true,
                "claimDeadline": .integer(Int(now + board.jobs.rules.claimLimit)),
            ])
        }
    }

    private func status(_ call: Call) throws -> Reply {
        let job = try find(call)
        return .json([
            "jobId": .string(job.id), "status": .string(job.status), "outputCid": .optional(job.result?.cid),
            "leaderCommitment": .optional(job.shownCommitment), "failureReason": nil, "nodeAssignments": [:],
        ])
    }

    private func escrow(_ call: Call) throws -> Reply {
        .json(["jobId": .string(try find(call).id), "escrowId": 0])
    }

    /// By job id alone, unlike results and verdicts.
    private func find(_ call: Call) throws -> Job {
        let id = call.parameters[0]
        guard let job = coordinator.read({ board, _ in board.jobs.jobs[id] }) else {
            throw Refusal(404, "Job \(id) not found", .jobUnknown, job: id)
        }
        return job
    }
}
