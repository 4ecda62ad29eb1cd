internal import Shared

/// Challenges, attestation, heartbeats (icl.md 1.1-1.3).
struct AttestationRoutes {
    static let defaultMockKey = "weloveblindference"
    let coordinator: Coordinator
    let mockKey: String

    var all: [Route] {
        [
            Route("GET", "internal/challenge/*") { try challenge($0) },
            Route("POST", "internal/attestation/verify") { try attest($0) },
            Route("POST", "internal/heartbeat") { try beat($0) },
        ]
    }

    private func challenge(_ call: Call) throws -> Reply {
        try requireSubject(call.parameters[0], call)
        return try coordinator.update(call.route) { board, now in
            let challenge = board.challenges.issue(to: call.caller, now: now)
            return .json([
                "challengeId": .string(challenge.id), "nonce": .string("0x" + Hexadecimal.encode(challenge.nonce)),
                "expiresAt": .integer(Int(now + ChallengeBook.lifetime)),
            ])
        }
    }

    private func attest(_ call: Call) throws -> Reply {
        let body = try call.object()
        var fields = FieldReader(body)
        let address = fields.filledText("nodeAddress")
        try fields.finish(detail: "nodeAddress is required")
        try requireSubject(address, call)
        let backend = fields.filledText("backendType")
        let quoteText = fields.filledText("quote")
        let runtimeHash = fields.filledText("runtimeHash")
        let challengeID = fields.filledText("challengeId")
        try fields.finish(model: "AttestationRequest")
        var models: [String] = []
        if let list = body["supportedModelIds"] {
            guard let names = list.elements?.map(\.text), !names.contains(nil) else {
                throw Refusal(400, "supportedModelIds must be a list of strings", .fieldWrongType)
            }
            models = names.compactMap(\.self)
        }
        guard isPlainHexadecimal(runtimeHash), runtimeHash.utf8.count == 64 else {
            throw Refusal(400, "runtimeHash must be 64 lower-case digits without 0x", .runtimeHashMalformed)
        }
        guard isPlainHexadecimal(quoteText), let quote = Hexadecimal.decode(quoteText), !quote.isEmpty else {
            throw Refusal(400, "quote must be lower-case hexadecimal without 0x", .quoteWrong)
        }
        return try coordinator.update(call.route) { [models] board, now in
            let nonce = try board.challenges.redeem(challengeID, by: address, now: now)
            let tier: Int
            switch backend {
            case "mock":
                guard quote == ToyCrypto.hmacSHA256(key: Array(mockKey.utf8), nonce) else {
                    throw Refusal(400, "quote does not match", .quoteWrong)
                }
                tier = 0
            // No verifier of hardware quotes here: the form is checked, the content believed.
            case "tpm": tier = 1
            case "sev", "tdx": tier = 2
            default: throw Refusal(400, "unknown backendType", .backendUnknown)
            }
            try board.operators.admit(address, tier: tier, models: models, now: now)
            return .json([
                "certHash": .string("0x" + Hexadecimal.encode(ToyCrypto.random(16))),
                "expiry": .integer(Int(now + OperatorBook.certificateLifetime)), "tier": .integer(tier),
            ])
        }
    }

    private func beat(_ call: Call) throws -> Reply {
        var fields = FieldReader(try call.object())
        let address = fields.filledText("nodeAddress")
        try fields.finish(detail: "nodeAddress is required")
        try requireSubject(address, call)
        let timestamp = fields.filledText("timestamp")
        try fields.finish(model: "Heartbeat")
        guard timestamp.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else {
            throw Refusal(400, "timestamp must be decimal text", .fieldWrongType)
        }
        return try coordinator.update(call.route) { board, now in
            board.operators.beat(address, now: now)
            return .json(["status": "ok"])
        }
    }

    private func isPlainHexadecimal(_ text: String) -> Bool {
        text == text.lowercased() && !text.hasPrefix("0x") && Hexadecimal.decode(text) != nil
    }
}

/// A node may only speak of itself, and must spell itself as EIP-55 does.
func requireSubject(_ address: String, _ call: Call) throws {
    guard address != call.caller else { return }
    guard address.lowercased() == call.caller.lowercased() else {
        throw Refusal(403, "address differs from the signer", .callerIsNotTheSubject)
    }
    throw Refusal(400, "address is not checksummed", .addressNotChecksummed)
}
