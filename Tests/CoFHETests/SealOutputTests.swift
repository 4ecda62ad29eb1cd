import Ethereum
import HTTPTransport
import Shared
import Synchronization
import Testing

@testable import CoFHE

/// A key's two halves, asked of a network that a test scripts.
@Suite("What the network answers")
struct SealOutputTests {
    private let chain: FakeChain
    private let gate: PermitGate
    private let handles: KeyHandles

    init() throws {
        chain = try FakeChain()
        gate = try Vectors.gate()
        handles = try Vectors.handles()
        gate.assign(handles, to: "job")
    }

    private func sealedKey(_ patience: SealPatience = SealPatience()) async throws -> SealedKey {
        let native = try chain.native(gate, patience)
        return try await native.sealedKey(
            handles, of: "job", to: try Vectors.bytes("sealing_public_key_hex"), as: try await native.seal())
    }

    private static let data = String((1...32).map { "\($0)" }.joined(separator: ","))
    private static let publicKey = String((1...32).map { _ in "7" }.joined(separator: ","))
    private static let nonce = String((1...24).map { _ in "9" }.joined(separator: ","))
    static let flat =
        #"{"request_id":"r","sealed_data":[\#(data)],"ephemeral_public_key":[\#(publicKey)],"nonce":[\#(nonce)],"signature":"","encryption_type":6}"#
    private static let nested =
        #""sealed":{"data":[\#(data)],"public_key":[\#(publicKey)],"nonce":[\#(nonce)]},"signature":"""#

    static func json(_ text: String, _ status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, body: Array(text.utf8))
    }

    static func error(_ code: String, _ status: Int) -> HTTPResponse {
        json(#"{"error":"\#(code)","error_message":"words of a peer"}"#, status)
    }

    /// Answers each handle's exchanges in this order; the last one stays.
    private func script(_ answers: HTTPResponse...) {
        let counts = Mutex<[String: Int]>([:])
        chain.network { request in
            // A poll belongs to the handle whose submission it follows: scripts name it by its answer.
            let key = request.method == .post ? String(decoding: request.body.prefix(90), as: UTF8.self) : request.url
            let half = key.contains("1111") || key.contains("high") ? "high" : "low"
            let index = counts.withLock { counts in
                defer { counts[half, default: 0] += 1 }
                return counts[half, default: 0]
            }
            return answers[min(index, answers.count - 1)]
        }
    }

    private func fails(_ expected: ThresholdError, sourceLocation: SourceLocation = #_sourceLocation) async {
        await #expect(throws: expected, sourceLocation: sourceLocation) { try await sealedKey() }
    }

    @Test("an answer at once, flat or nested, is the worker's material, byte for byte")
    func inline() async throws {
        let expected = (1...32).map { UInt8($0) } + [UInt8](repeating: 7, count: 32) + [UInt8](repeating: 9, count: 24)
        for answer in [Self.flat, "{\(Self.nested)}"] {
            script(Self.json(answer))
            #expect(try await sealedKey() == SealedKey(high: expected, low: expected))
        }
        #expect(chain.asked.allSatisfy { $0.url == "https://tn.example/v2/sealoutput" })
        let bodies = chain.asked.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(bodies.count == 4 && bodies.allSatisfy { $0.contains("\"host_chain_id\":421614") })
        let digits = Set(bodies.compactMap { try? JSONValue(parsing: Array($0.utf8))["ct_tempkey"]?.text })
        #expect(digits == [Hexadecimal.encode(handles.high.bytes), Hexadecimal.encode(handles.low.bytes)])
        #expect(bodies.allSatisfy { $0.contains("\"permit\":") && !$0.contains("acp") })
    }

    @Test("newer generations are sent an ACP for the two handles")
    func acp() async throws {
        try chain.setDomain(version: "2")
        script(Self.json(Self.flat))
        _ = try await sealedKey()
        let body = try JSONValue(parsing: try #require(chain.asked.first).body)
        #expect(body["permit"] == nil && body["acp"]?["scope"] == 2 && body["acp"]?["handles"]?.elements?.count == 2)
    }

    @Test("a queued request is polled by its name until it is complete")
    func queued() async throws {
        let polls = Mutex(0)
        chain.network { request in
            if request.method == .post { return Self.json(#"{"request_id":"q-1_A"}"#) }
            let count = polls.withLock { polls in
                polls += 1
                return polls
            }
            return count <= 4
                ? Self.json(#"{"request_id":"q-1_A","status":"PROCESSING","submitted_at":"x"}"#)
                : Self.json(#"{"request_id":"q-1_A","status":"COMPLETED","is_succeed":true,\#(Self.nested)}"#)
        }
        _ = try await sealedKey()
        #expect(chain.asked.filter { $0.method == .get }.allSatisfy { $0.url.hasSuffix("/v2/sealoutput/q-1_A") })
        #expect(chain.asked.filter { $0.method == .post }.count == 2)
    }

    @Test("submitting and polling have one budget: a request that stays in the queue is not ready")
    func queuedForGood() async throws {
        let pending = Self.json(#"{"request_id":"r","status":"PROCESSING","submitted_at":"x"}"#)
        let before = chain.elapsed
        let (chain, high) = (chain, Hexadecimal.encode(handles.high.bytes))
        chain.network { request in
            guard request.method == .post else { return pending }
            // One half alone, on this clock.
            if String(decoding: request.body, as: UTF8.self).contains("\"ct_tempkey\":\"\(high)") {
                return Self.json(Self.flat)
            }
            return chain.elapsed - before < .seconds(60) ? HTTPResponse(status: 204) : Self.json(#"{"request_id":"r"}"#)
        }
        await fails(.notReady)
        let budget = SealPatience().budget
        #expect(chain.elapsed - before >= budget && chain.elapsed - before <= budget + .seconds(2))
        let timeouts = chain.asked.map(\.timeout)
        #expect(timeouts.first == .seconds(30) && timeouts.allSatisfy { $0 <= .seconds(30) })
        #expect(try #require(timeouts.last) < .seconds(2), "no longer than what is left")
    }

    @Test("a queue that stumbles, or has forgotten the request, is asked anew", arguments: [404, 408, 429, 500, 502])
    func forgotten(status: Int) async throws {
        let submitted = Mutex<Set<[UInt8]>>([])
        chain.network { request in
            guard request.method == .post else { return HTTPResponse(status: status) }
            let isFirst = submitted.withLock { $0.insert(request.body).inserted }
            return isFirst ? Self.json(#"{"request_id":"r"}"#) : Self.json(Self.flat)
        }
        _ = try await sealedKey()
        #expect(chain.asked.filter { $0.method == .post }.count == 4)
    }

    @Test("what is not ready is asked for again, never parsed; what is not found for ten seconds is not ready")
    func notReady() async throws {
        let none = HTTPResponse(status: 204, headers: ["x-cofhe-retry-reason": "overloaded"], body: Array("{".utf8))
        script(none, none, none, Self.error("ct_not_found", 404), Self.json(Self.flat))
        _ = try await sealedKey()
        #expect(chain.asked.count == 10)
        script(Self.error("ct_not_found", 404))
        let before = chain.elapsed
        await fails(.notReady)
        #expect(chain.elapsed - before <= .seconds(22), "both halves, ten seconds each at most")
        script(none)
        await fails(.notReady)
    }

    @Test("a service that stumbles is asked a few times more, one that hangs up as well")
    func stumbling() async throws {
        script(
            Self.error("ct_source_error", 502), Self.error("internal_error", 500), Self.json("busy", 503),
            Self.json(Self.flat))
        _ = try await sealedKey()
        script(Self.error("acp_verifier_timeout", 504))
        await fails(.unreachable)
        chain.network { _ throws(HTTPFailure) in throw .connectionLost }
        await fails(.unreachable)
    }

    private static let endings: [(Int, String, ThresholdError)] = [
        (400, "bad_request", .refused), (400, "unknown_chain", .refused), (400, "permit_malformed", .refused),
        (400, "acp_malformed", .refused), (400, "permit_required", .refused), (400, "acp_required", .refused),
        (401, "permit_denied", .denied), (401, "acp_denied", .denied), (401, "permit_expired", .refused),
        (401, "acp_expired", .refused), (401, "permit_invalid", .refused), (401, "acp_invalid", .refused),
        (403, "not_publicly_allowed", .refused), (404, "gone", .refused),
        (422, "unsupported_security_zone", .handleUnsupported),
        (422, "unsupported_type", .handleUnsupported), (500, "internal_error", .unreachable),
        (500, "signing_failed", .unreachable), (500, "seal_failed", .unreachable),
        (502, "ct_source_error", .unreachable), (502, "permit_verifier_error", .refused),
        (502, "acp_verifier_error", .refused), (502, "ct_type_mismatch", .handleUnsupported),
        (502, "ct_zone_mismatch", .handleUnsupported), (502, "commitment_mismatch", .unreachable),
        (502, "commitment_verifier_error", .unreachable), (504, "ct_source_timeout", .unreachable),
        (504, "acp_verifier_timeout", .unreachable), (504, "commitment_verifier_timeout", .unreachable),
        (401, "a_code_of_next_year", .refused), (405, "", .refused), (415, "", .refused), (422, "", .refused),
        (301, "", .refused), (308, "", .refused),
    ]

    @Test(
        "every code that the network gives has one outcome, and an unknown one is a refusal", arguments: endings.indices
    )
    func codes(index: Int) async throws {
        let (status, code, expected) = Self.endings[index]
        // The service's framework refuses in plain text.
        script(code.isEmpty ? HTTPResponse(status: status, body: Array("Unsupported".utf8)) : Self.error(code, status))
        await fails(expected)
    }

    @Test("a permit that is not believed is replaced once, and the contracts are looked up anew")
    func freshPermit() async throws {
        for (status, codes) in [
            (400, ["permit_required", "acp_required"]), (403, ["not_publicly_allowed"]),
            (401, ["expired", "invalid", "denied"].flatMap { ["permit_" + $0, "acp_" + $0] }),
            (502, ["permit_verifier_error", "acp_verifier_error"]),
        ] {
            for code in codes {
                let before = (chain.asked.count, chain.detections)
                script(Self.error(code, status), Self.json(Self.flat))
                _ = try await sealedKey()
                #expect(chain.asked.count - before.0 == 4 && chain.detections - before.1 == 2, "\(code)")
            }
        }
    }

    @Test("a network that has turned to another generation is sent its kind of permit")
    func anotherGeneration() async throws {
        let chain = chain
        let native = try chain.native(gate)
        let seal = try await native.seal()
        try chain.setDomain(version: "2")
        chain.network { request in
            String(decoding: request.body, as: UTF8.self).contains("\"acp\":")
                ? Self.json(Self.flat) : Self.error("acp_required", 400)
        }
        _ = try await native.sealedKey(
            handles, of: "job", to: Vectors.bytes("sealing_public_key_hex"), as: seal)
        #expect(chain.asked.count == 4)
    }

    private static let malformedAnswers: [(name: String, body: String)] = [
        ("no JSON", "<html>"), ("half", #"{"sealed_data":[1,"#), ("nothing of use", "{}"),
        ("a name that leads elsewhere", #"{"request_id":"../../v2/decrypt"}"#),
        ("an empty name", #"{"request_id":""}"#),
        ("a byte too many", flat.replacing("[\(nonce)]", with: "[\(nonce),9]")),
        ("a byte too few", flat.replacing("[\(publicKey)]", with: "[\(publicKey.dropLast(2))]")),
        ("no text in the box", flat.replacing("[\(data)]", with: "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]")),
        ("more than any integer", flat.replacing("[\(data)]", with: "[\(data),\(data)]")),
        ("a byte of 256", flat.replacing("[1,", with: "[256,")),
        ("a negative byte", flat.replacing("[1,", with: "[-1,")),
        ("half a byte", flat.replacing("[1,", with: "[1.5,")), ("an exponent", flat.replacing("[1,", with: "[1e1,")),
        ("a text for a byte", flat.replacing("[1,", with: "[\"1\",")),
        ("text for an array", flat.replacing("[\(data)]", with: "\"AAAA\"")),
        ("another type", flat.replacing("\"encryption_type\":6", with: "\"encryption_type\":5")),
    ]

    @Test("an answer that is cut, bent or of another type is refused", arguments: malformedAnswers.indices)
    func bent(index: Int) async throws {
        script(Self.json(Self.malformedAnswers[index].body))
        await fails(.malformed)
    }

    @Test("a failure that carries something sealed is a failure")
    func failedWithData() async throws {
        script(Self.json(Self.flat.replacing("{\"request_id\"", with: "{\"is_succeed\":false,\"request_id\"")))
        await fails(.refused)
    }

    @Test("a poll is refused in an unknown state, and without what it promised")
    func polls() async throws {
        // Whatever else it brings.
        let whole = Self.flat.replacing(#""sealed_data""#, with: #""status":"PAUSED","sealed_data""#)
        for (answer, expected) in [
            (whole, ThresholdError.malformed),
            (#"{"request_id":"r","status":"PAUSED"}"#, ThresholdError.malformed), (#"{"request_id":"r"}"#, .malformed),
            (#"{"request_id":"r","status":"COMPLETED","sealed":null}"#, .malformed),
            (#"{"request_id":"r","status":"COMPLETED","is_succeed":false,"error_message":"x"}"#, .refused),
        ] {
            chain.network { request in
                request.method == .post ? Self.json(#"{"request_id":"r"}"#) : Self.json(answer)
            }
            await fails(expected)
        }
    }

    @Test("a permit that expires while its request is in the queue is replaced, and the request made again")
    func expiryWhilePolling() async throws {
        let polls = Mutex(0)
        chain.network { request in
            if request.method == .post { return Self.json(#"{"request_id":"r"}"#) }
            let count = polls.withLock { polls in
                polls += 1
                return polls
            }
            return count <= 2
                ? Self.error("permit_expired", 401)
                : Self.json(#"{"request_id":"r","status":"COMPLETED","is_succeed":true,\#(Self.nested)}"#)
        }
        _ = try await sealedKey()
        let permits = chain.asked.compactMap { try? JSONValue(parsing: $0.body)["permit"] }
        #expect(permits.count == 4 && Set(permits.map(\.encodedText)).count == 2)
        let ends = permits.compactMap { $0["expiration"]?.int }
        #expect(ends.count == 4 && ends[0] == ends[1] && ends[2] == ends[3] && ends[2] > ends[0], "a later one")
    }

    @Test("an answer beyond all bounds is not read")
    func huge() async throws {
        chain.network { _ throws(HTTPFailure) in throw .bodyTooLarge(limit: 1) }
        await fails(.malformed)
        #expect(chain.asked.allSatisfy { $0.maximumResponse == 64 << 10 })
    }

    @Test("where the chain names a signer, an answer without a whole signature is refused")
    func unsigned() async throws {
        chain.set("decryptResultSigner()", on: Deployment.fixedTaskManager, Address.known(0x51).word)
        script(Self.json(Self.flat))
        await fails(.malformed)
        let signature = String(repeating: "ab", count: 65)
        script(Self.json(Self.flat.replacing(#""signature":"""#, with: #""signature":"\#(signature)""#)))
        await fails(.forged)
        let seal = try await chain.native(gate).seal()
        #expect(seal == .box(BoxSeal(chainID: Vectors.chain, signer: Address.known(0x51).bytes)))
    }

    @Test("what the chain does not allow is never asked of the network")
    func denied() async throws {
        let (manager, id) = (Deployment.fixedTaskManager, "0x" + String(repeating: "ab", count: 32))
        chain.set("isAllowed(uint256,address)", on: manager, Word(0))
        await fails(.denied)
        chain.set("isAllowed(uint256,address)", on: manager, Word(1))
        // Another key stands under the job's id than the coordinator names.
        gate.assign(handles, to: id)
        chain.set("getEncryptedKey(bytes32)", on: FakeChain.keyStore, handles.low.word, handles.high.word)
        let native = try chain.native(gate)
        let key = try Vectors.bytes("sealing_public_key_hex")
        await #expect(throws: ThresholdError.handleMismatch) {
            try await native.sealedKey(handles, of: id, to: key, as: native.seal())
        }
        #expect(chain.asked.isEmpty)
        chain.set("getEncryptedKey(bytes32)", on: FakeChain.keyStore, handles.high.word, handles.low.word)
        script(Self.json(Self.flat))
        _ = try await native.sealedKey(handles, of: id, to: key, as: native.seal())
    }

    @Test("a permit goes to the network alone: the chain's endpoints never see one of this node's")
    func bearer() async throws {
        for version in ["1", "2"] {
            try chain.setDomain(version: version)
            script(Self.json(Self.flat))
            _ = try await sealedKey()
        }
        let signatures = chain.asked.compactMap { request -> String? in
            let body = try? JSONValue(parsing: request.body)
            return (body?["permit"] ?? body?["acp"])?["issuerSignature"]?.text.map { String($0.dropFirst(2)) }
        }
        #expect(Set(signatures).count == 2 && chain.questions.count > 10)
        for signature in signatures { #expect(!chain.questions.contains { $0.contains(signature) }) }
        // Whether the chain takes permits of this form is asked about one of nobody's.
        let trials = chain.questions.filter { $0.contains("0xae79f04a") || $0.contains("0xc4a1a1e1") }
        let issuer = Hexadecimal.encode(try Vectors.issuer().address.bytes)
        #expect(trials.count == 2 && !trials.contains { $0.contains(issuer) })
    }

    @Test("where the worker was told of another signer than the chain has by now, nothing is asked of the network")
    func changedMeanwhile() async throws {
        let native = try chain.native(gate)
        let told = BoxSeal(chainID: Vectors.chain, signer: Address.known(0x51).bytes)
        await #expect(throws: ThresholdError.notReady) {
            try await native.sealedKey(
                handles, of: "job", to: Vectors.bytes("sealing_public_key_hex"), as: .box(told))
        }
        #expect(chain.asked.isEmpty)
    }

    @Test("a bare hash is asked for by the name that the network knows it by")
    func bareHash() async throws {
        let native = try chain.native(gate)
        let bare = CiphertextHandle(bytes: [UInt8](repeating: 0x11, count: 32))!
        let named = native.named(KeyHandles(high: bare, low: handles.low))
        #expect(named == handles)
        #expect(native.named(KeyHandles(high: .zero, low: bare)).high.isZero)
        // A ciphertext of another type or zone has another hash: by the name of a half it is nobody's.
        chain.set("isAllowed(uint256,address)", on: Deployment.fixedTaskManager, Word(0))
        let key = try Vectors.bytes("sealing_public_key_hex")
        for ending: [UInt8] in [[5, 0], [0x86, 0]] {
            let other = CiphertextHandle(bytes: [UInt8](repeating: 0x22, count: 30) + ending)!
            let asked = native.named(KeyHandles(high: other, low: handles.low))
            gate.assign(asked, to: "other")
            await #expect(throws: ThresholdError.denied) {
                try await native.sealedKey(asked, of: "other", to: key, as: native.seal())
            }
        }
        #expect(chain.asked.isEmpty)
    }

    @Test("a handle that is no half of a key is asked of nobody")
    func strangeHandles() async throws {
        for ending: [UInt8] in [[5, 0], [6, 1], [0x86, 0], [0, 0]] {
            let bent = CiphertextHandle(bytes: [UInt8](repeating: 1, count: 30) + ending)!
            let pair = KeyHandles(high: handles.high, low: bent)
            gate.assign(pair, to: "bent")
            await #expect(throws: ThresholdError.handleUnsupported) {
                try await chain.native(gate).sealedKey(
                    pair, of: "bent", to: [UInt8](repeating: 1, count: 32), as: .hkdf)
            }
        }
        #expect(chain.asked.isEmpty && chain.detections == 0)
    }
}

extension JSONValue {
    fileprivate var encodedText: String { String(decoding: encoded(), as: UTF8.self) }
}
