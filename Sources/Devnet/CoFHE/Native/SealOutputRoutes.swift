internal import Ethereum
internal import Shared

/// The threshold network's own protocol (cofhe.md 1): it checks the permit's signature and scope, asks the chain, really
/// seals, and signs what it has sealed.
struct SealOutputRoutes {
    let vault: Vault
    let ledger: Ledger
    let clock: DevClock
    let chain: ChainReader
    let coordinator: Coordinator
    let script: SealScript

    /// The test key of cofhe-vectors.json: the chain names its address.
    private static let signerKey = [UInt8](repeating: 1, count: 32)

    var all: [Route] {
        [
            Route("POST", "v2/sealoutput") { submit($0) }, Route("GET", "v2/sealoutput/*") { poll($0) },
            Route("POST", "dev/cofhe") {
                try script.set($0.object())
                return .json(["status": "ok"])
            },
            Route("GET", "dev/cofhe") { _ in
                func texts(_ list: [String]) -> JSONValue { .array(list.map { .string($0) }) }
                let (permits, keys) = script.withState { ($0.permits, $0.sealingKeys) }
                return .json(
                    .object(
                        try chain.domain().members + [
                            .init("permits", texts(permits)), .init("sealingKeys", texts(keys)),
                        ]))
            },
        ]
    }

    private func submit(_ call: Call) -> Reply {
        var issuer: String?
        do {
            guard let body = try? JSONValue(parsing: call.request.body) else {
                throw NetworkRefusal(400, "bad_request", .callMalformed)
            }
            let domain = try chain.domain()
            issuer = body[domain.key]?["issuer"]?.text
            ledger.count("sealoutput", by: issuer)
            guard body["host_chain_id"]?.int == Int(domain.chainID) else {
                throw NetworkRefusal(400, "unknown_chain", .callMalformed)
            }
            guard let text = body["ct_tempkey"]?.text, text.utf8.count == 64, text == text.lowercased(),
                let handle = HandleText.parse(hexadecimal: "0x" + text)
            else { throw NetworkRefusal(400, "bad_request", .callMalformed) }
            let permit = try NativePermit(body, domain: domain, now: clock.now + script.withState { $0.ahead })
            script.withState { state in
                state.permits.append(Hexadecimal.encode(permit.signature.bytes))
                state.sealingKeys.append(Hexadecimal.encode(permit.sealingKey))
            }
            guard permit.handles.isEmpty || permit.handles.contains(handle),
                try chain.mayRead(handle, permit.issuer), try !chain.isRevoked(permit, domain)
            else {
                throw NetworkRefusal(401, domain.key + "_denied", .permitNotAllowed)
            }
            try script.mayAnswer(about: job(of: handle)?.id)
            return try deliver(try answer(handle, permit, domain))
        } catch let refusal as NetworkRefusal {
            if let violation = refusal.violation {
                ledger.record(
                    violation, at: clock.now, node: issuer, call: call.route, detail: refusal.code)
            }
            return refusal.reply
        } catch { return NetworkRefusal(500, "internal_error").reply }
    }

    /// `{sealed, signature, encryption_type}` of the handle, or of what the script has in its place.
    private func answer(_ handle: Word, _ permit: NativePermit, _ domain: NativePermit.Domain) throws -> JSONValue {
        let lie = script.withState { $0.lie }
        if lie == .replay, let first = script.withState({ $0.first }) { return first }
        let told = lie == .swap ? partner(of: handle) ?? handle : handle
        guard let value = vault.value(told) else { throw NetworkRefusal(404, "ct_not_found", .handleUnknown) }
        let box = try ToyCrypto.box(value, to: permit.sealingKey)
        let chain = (0..<8).map { UInt8(truncatingIfNeeded: domain.chainID >> UInt64(56 - 8 * $0)) }
        let digest = Keccak256.hash(
            box.data + box.publicKey + box.nonce + [0, 0, 0, 6] + chain + told.bytes)
        let key = try lie == .signature ? PrivateKey.generate() : PrivateKey.ofTests(SealOutputRoutes.signerKey)
        let signature = key.sign(digest: digest)
        var (data, nonce) = (box.data.map { Int($0) }, box.nonce.map { Int($0) })
        switch lie {
        case .truncated: nonce.removeLast()
        case .oversized: data = [Int](repeating: 7, count: 40_000)
        case .octet: data[0] = 256
        default: break
        }
        let answer: JSONValue = [
            "sealed": [
                "data": .integers(data), "public_key": .integers(box.publicKey.map { Int($0) }),
                "nonce": .integers(nonce),
            ],
            "signature": .string(Hexadecimal.encode(signature.r + signature.s + [signature.yParity])),
            "encryption_type": 6, "is_succeed": true,
        ]
        script.withState { state in if state.first == nil { state.first = answer } }
        return answer
    }

    private func deliver(_ answer: JSONValue) throws -> Reply {
        let name = Hexadecimal.encode(ToyCrypto.random(8))
        guard case .object(let members) = answer else { return NetworkRefusal(500, "internal_error").reply }
        return script.withState { state in
            switch state.form {
            case .nested: return .json(.object([.init("request_id", .string(name))] + members))
            case .flat:
                let sealed = answer["sealed"] ?? .null
                return .json([
                    "request_id": .string(name), "sealed_data": sealed["data"] ?? .null,
                    "ephemeral_public_key": sealed["public_key"] ?? .null, "nonce": sealed["nonce"] ?? .null,
                    "signature": answer["signature"] ?? .null, "encryption_type": 6,
                ])
            case .queued:
                state.queue[name] = (answer, 0)
                return .json(["request_id": .string(name)])
            }
        }
    }

    /// Twice in progress, then complete.
    private func poll(_ call: Call) -> Reply {
        let name = call.parameters[0]
        return script.withState { state in
            guard let entry = state.queue[name], case .object(let members) = entry.answer else {
                return NetworkRefusal(404, "request_not_found").reply
            }
            state.queue[name]?.polls += 1
            guard entry.polls >= 2 else {
                return .json(["request_id": .string(name), "status": "PROCESSING", "submitted_at": "now"])
            }
            return .json(.object([.init("request_id", .string(name)), .init("status", "COMPLETED")] + members))
        }
    }

    private func job(of handle: Word) -> Job? {
        coordinator.read { board, _ in
            board.jobs.jobs.values.first { $0.keyHigh == handle || $0.keyLow == handle }
        }
    }

    /// The other half of the same prompt's key.
    private func partner(of handle: Word) -> Word? {
        job(of: handle).flatMap { $0.keyHigh == handle ? $0.keyLow : $0.keyHigh }
    }
}

extension JSONValue {
    fileprivate static func integers(_ numbers: [Int]) -> JSONValue { .array(numbers.map { .integer($0) }) }
}
