import Ethereum
import HTTPTransport
import Shared
import Synchronization
import Testing

@testable import CoFHE

/// A key's two halves, asked of a network that a test scripts.
@Suite("What the network answers")
struct SealOutputTests {
    let chain: FakeChain
    let gate: PermitGate
    let handles: KeyHandles

    init() throws {
        chain = try FakeChain()
        gate = try Vectors.gate()
        handles = try Vectors.handles()
        gate.assign(handles, to: "job")
    }

    func sealedKey(_ patience: SealPatience = SealPatience()) async throws -> SealedKey {
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
    func script(_ answers: HTTPResponse...) {
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

    func fails(_ expected: ThresholdError, sourceLocation: SourceLocation = #_sourceLocation) async {
        await #expect(throws: expected, sourceLocation: sourceLocation) { try await sealedKey() }
    }

    @Test("an answer at once, flat or nested, is the worker's material, byte for byte")
    func inline() async throws {
        let expected = (1...32).map { UInt8($0) } + [UInt8](repeating: 7, count: 32) + [UInt8](repeating: 9, count: 24)
        for answer in [Self.flat, "{\(Self.nested)}"] {
            script(Self.json(answer))
            #expect(try await sealedKey() == SealedKey(high: expected, low: expected))
        }
        #expect(chain.asked.allSatisfy { $0.url == "https://tn.example/v2/sealoutput" && $0.isJSON })
        let bodies = chain.asked.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(bodies.count == 4 && bodies.allSatisfy { $0.contains("\"host_chain_id\":421614") })
        let digits = Set(bodies.compactMap { try? JSONValue(parsing: Array($0.utf8))["ct_tempkey"]?.text })
        #expect(digits == [Hexadecimal.encode(handles.high.bytes), Hexadecimal.encode(handles.low.bytes)])
        #expect(bodies.allSatisfy { $0.contains("\"permit\":") && !$0.contains("acp") })
    }

    @Test("both halves are asked for at once")
    func together() async throws {
        let open = Mutex(0)
        chain.network { _ in
            open.withLock { $0 += 1 }
            // Neither is answered before both have come.
            let end = ContinuousClock.now + .seconds(5)
            while open.withLock({ $0 }) < 2, ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(5)) }
            return open.withLock { $0 } == 2 ? Self.json(Self.flat) : Self.error("alone", 400)
        }
        _ = try await sealedKey()
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
        // Both halves wait on one clock.
        let start = chain.elapsed
        _ = try await sealedKey()
        #expect(
            chain.asked.count == 10 && chain.elapsed - start == .seconds(8), "four pauses of a second, for each half")
        script(Self.error("ct_not_found", 404))
        let before = chain.elapsed
        await fails(.notReady)
        #expect((.seconds(10)...(.seconds(22))).contains(chain.elapsed - before), "ten seconds each at most")
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
        (504, "permit_verifier_timeout", .unreachable), (504, "acp_verifier_timeout", .unreachable),
        (504, "commitment_verifier_timeout", .unreachable),
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
        if Self.renewing.contains(where: { $0 == (status, code) }) {
            #expect(chain.asked.count == 4 && chain.detections == 2, "once, for both halves")
        } else if expected != .unreachable {
            #expect(chain.asked.count == 2, "one answer is enough")
        }
    }

    /// What another permit may help against.
    private static let renewing = [
        (400, "permit_required"), (400, "acp_required"), (403, "not_publicly_allowed"), (401, "permit_expired"),
        (401, "permit_invalid"), (401, "permit_denied"), (401, "acp_expired"), (401, "acp_invalid"),
        (401, "acp_denied"), (502, "permit_verifier_error"), (502, "acp_verifier_error"),
    ]

    @Test("a permit that is not believed is replaced once, and the contracts are looked up anew")
    func freshPermit() async throws {
        for (status, code) in Self.renewing {
            let before = (chain.asked.count, chain.detections)
            script(Self.error(code, status), Self.json(Self.flat))
            _ = try await sealedKey()
            #expect(chain.asked.count - before.0 == 4 && chain.detections - before.1 == 2, "\(code)")
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
}

extension HTTPRequest {
    /// The services take no other type.
    var isJSON: Bool { headers.map { "\($0.name): \($0.value)" } == ["Content-Type: application/json"] }
}

extension JSONValue {
    fileprivate var encodedText: String { String(decoding: encoded(), as: UTF8.self) }
}
