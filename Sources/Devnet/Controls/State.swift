internal import Shared

// How jobs and operators look in /dev/state and /dev/jobs/….

extension Job {
    var state: JSONValue {
        let nodes = nodes.map { address in
            let progress = progress[address] ?? Progress()
            let verdict = verdict(of: address)
            let hash = address == leader ? result?.commitment : verdict?.commitment
            return JSONValue.object([
                .init("address", .string(address)), .init("role", address == leader ? "leader" : "verifier"),
                .init("state", .string(progress.state.rawValue)), .init("claims", .integer(progress.claims)),
                .init("repeats", .integer(progress.repeats)), .init("offeredAt", .seconds(progress.offeredAt)),
                .init("claimedAt", .seconds(progress.claimedAt)),
                .init("deliveredAt", .seconds(progress.deliveredAt)), .init("commitment", .optional(hash)),
                .init("verdict", verdict.map { $0.confirms ? "CONFIRM" : "REJECT" } ?? .null),
                .init("confidence", verdict.map { .integer($0.confidence) } ?? .null),
            ])
        }
        return [
            "jobId": .string(id), "requestId": .string(requestID), "status": .string(status),
            "modelId": .string(model), "promptCid": .optional(promptCID), "outputCid": .optional(result?.cid),
            "commitment": .optional(shownCommitment), "createdAt": .seconds(createdAt),
            "decidedAt": .seconds(decidedAt), "nodes": .array(nodes),
        ]
    }
}

extension OperatorBook {
    func state(now: Double) -> [JSONValue] {
        let active = Set(active(now: now))
        return operators.values.sorted { $0.address < $1.address }.map { known in
            [
                "address": .string(known.address), "tier": .integer(known.tier),
                "active": .bool(active.contains(known.address)), "models": .array(known.models.map { .string($0) }),
                "attestations": .integer(known.attestations), "heartbeats": .integer(known.heartbeats),
                "lastHeartbeat": .seconds(known.lastHeartbeat), "deliveries": .integer(known.deliveries),
                "failures": .integer(known.failures),
            ]
        }
    }
}
