internal import Shared

/// What anybody may read, unsigned (icl.md 1.9, 1.11).
struct StatusRoutes {
    let coordinator: Coordinator

    var all: [Route] {
        [
            Route("GET", "") { _ in .json(["message": "Blindference devnet"]) },
            Route("GET", "health") { _ in .json(["status": "ok", "chain_connected": true, "mongo_connected": true]) },
            Route("GET", "v1/inference/task/*") { try job($0) { $0.jobs[$1] } },
            Route("GET", "v1/inference/*") { try job($0) { $0.find(request: $1) } },
            Route("GET", "v1/nodes/active") { _ in .json(.array(coordinator.read { $0.operators.directory(now: $1) }))
            },
            Route("GET", "v1/nodes/*") { try node($0) },
        ]
    }

    private func node(_ call: Call) throws -> Reply {
        let address = call.parameters[0]
        let found: JSONValue? = coordinator.read { board, now in
            let known = board.operators.operators.values.first { $0.address.lowercased() == address.lowercased() }
            return known.map { board.operators.json($0, now: now) }
        }
        guard let found else { throw Refusal(404, "Node \(address) not found", nil) }
        return .json(found)
    }

    private func job(_ call: Call, _ find: @Sendable (JobBook, String) -> Job?) throws -> Reply {
        let id = call.parameters[0]
        guard let job = coordinator.read({ board, _ in find(board.jobs, id) }) else {
            throw Refusal(404, "'inference request \(id) not found'", nil)
        }
        return .json(StatusRoutes.json(job))
    }

    static func json(_ job: Job) -> JSONValue {
        var confirmations = 0
        var reason: String?
        switch job.decision {
        case .open: break
        case .accepted(_, let winners): confirmations = winners
        case .rejected(let count, let required):
            confirmations = count
            reason = "Quorum rejected: \(count) confirms vs \(required) required"
        }
        return [
            "job_id": .string(job.requestID), "status": .string(job.status), "output_cid": .optional(job.result?.cid),
            "commitment_hash": .optional(job.shownCommitment),
            "encrypted_output_key_high": .optional(job.result?.keyHigh),
            "encrypted_output_key_low": .optional(job.result?.keyLow),
            "quorum": [
                "verifier_addresses": .array(job.verifiers.map { .string($0) }),
                "confirmations": .integer(confirmations), "confidence": .integer(job.aggregatedConfidence),
            ],
            "dispute_deadline": nil, "leader_submission": leaderSubmission(job), "verifier_verdicts": verdicts(job),
            "reject_reason": .optional(reason),
        ]
    }

    private static func leaderSubmission(_ job: Job) -> JSONValue {
        guard let result = job.result, case .accepted = job.decision else { return .null }
        return [
            "leader_address": .string(job.leader), "risk_score": nil,
            "confidence": result.confidence.map { .integer($0) } ?? .null, "summary": .string(result.cid),
            "provider": nil, "model": nil, "result_hash": .string(result.commitment), "submitted_at": nil,
        ]
    }

    private static func verdicts(_ job: Job) -> JSONValue {
        guard job.decision != .open else { return [] }
        return .array(
            job.verdicts.map { verifier, verdict in
                let agrees = verdict.commitment == job.shownCommitment
                return [
                    "verifier_address": .string(verifier), "submitted": true, "accepted": .bool(agrees),
                    "confidence": .integer(verdict.confidence),
                    "reason": agrees ? nil : "verifier rejected text commitment", "risk_score": nil,
                    "result_hash": .string(verdict.commitment), "provider": nil, "model": nil, "summary": nil,
                    "updated_at": nil,
                ]
            })
    }
}
