import Ethereum
import HTTPTransport
import Shared
import Synchronization
import Testing

@testable import CoFHE

/// What becomes of a packed key at the verifier.
@Suite("Encrypted inputs")
struct InputTests {
    private static let consumer = "0x1E22dD12f448B15f1Ca8560fB6B4463834FaAf73"

    private func halves(
        _ answer: JSONValue, _ generation: Deployment.Generation, signer: Address?, status: Int = 200
    ) async throws -> InputVerifier.Halves {
        let client = OneAnswer { _ in HTTPResponse(status: status, body: answer.encoded()) }
        return try await verifier(client).inputs([1, 2, 3], on: try deployment(generation, signer))
    }

    private func verifier(
        _ client: any HTTPClient, _ surroundings: Surroundings = Self.patient
    ) throws -> InputVerifier {
        InputVerifier(
            service: try ServiceURL("https://vrf.example"), client: client, account: try Vectors.issuer().address,
            chainID: Vectors.chain, consumer: try Address(Self.consumer), surroundings: surroundings)
    }

    /// Waiting takes no time.
    private static let patient = Surroundings(
        unixTime: { 0 }, elapsed: { .zero }, sleep: { _ in }, random: { 0.5 })

    private func deployment(_ generation: Deployment.Generation, _ signer: Address?) throws -> Deployment {
        Deployment(
            generation: generation, taskManager: Deployment.fixedTaskManager,
            accessControl: try Vectors.accessControl(), resultSigner: nil, verifierSigner: signer, revoker: nil)
    }

    /// Whose signature the vectors hold.
    private func signer(_ digest: String, _ signature: String) throws -> Address {
        try Signature(hexadecimal: signature).recoverAddress(digest: try #require(Hexadecimal.decode(digest)))
    }

    @Test("the first generation's inputs are signed each for this account and chain, as in the vectors")
    func first() async throws {
        let vector = try Vectors.section("input_verification_v1")
        let input = try vector.require("InEuint128") { $0 }
        let signer = try signer(vector.require("digest", \.text), input.require("signature", \.text))
        let (item, answer) = try firstAnswer()
        let halves = try await halves(answer, .a, signer: signer)
        #expect("0x" + Hexadecimal.encode(halves.high.handle.bytes) == vector["ct_hash"]?.text)
        #expect("0x" + Hexadecimal.encode(halves.high.signature) == input["signature"]?.text)
        // Both halves under one hash would be one half.
        let twice: JSONValue = ["status": "success", "data": [item, item]]
        await #expect(throws: ThresholdError.forged) { try await self.halves(twice, .a, signer: signer) }
        // The contract gives both the same last two bytes.
        let same = try item.replacing(["ct_hash"], by: .string(item.require("ct_hash", \.text).dropLast(4) + "0000"))
        let alike: JSONValue = ["status": "success", "data": [item, same]]
        await #expect(throws: ThresholdError.forged) { try await self.halves(alike, .a, signer: nil) }
        #expect("0x" + Hexadecimal.encode(halves.high.storedHandle.bytes) == vector["on_chain_handle"]?.text)
        await #expect(throws: ThresholdError.forged) { try await self.halves(answer, .a, signer: .known(1)) }
        // A chain that has turned the check off.
        _ = try await self.halves(answer, .a, signer: nil)
    }

    /// Of the first generation's verifier: the first half, and all of it.
    private func firstAnswer() throws -> (item: JSONValue, answer: JSONValue) {
        let item = try Vectors.section("input_verification_v1").require("verifier_response_item") { $0 }
        let other = try Vectors.section("storeKey_calldata").require("encLow") { $0 }
        let (hash, seal) = (try other.require("ctHash", \.text), try other.require("signature", \.text))
        let second: JSONValue = [
            "ct_hash": .string(try #require(CiphertextHandle(decimal: hash)).hexadecimal),
            "signature": .string(String(seal.dropLast(2))), "recid": seal.hasSuffix("1c") ? 1 : 0,
        ]
        return (item, ["status": "success", "data": [item, second], "error": nil])
    }

    @Test("an input that the key store may use already is an earlier answer's: it is not stored for another user")
    func replayed() async throws {
        let chain = try FakeChain()
        let body = try firstAnswer().answer.encoded()
        let client = OneAnswer { _ in HTTPResponse(status: 200, body: body) }
        let native = try chain.native(try Vectors.gate(), verifier: try verifier(client))
        let manager = Deployment.fixedTaskManager
        chain.set("isAllowed(uint256,address)", on: manager, Word(0))
        // No permit is needed for it.
        chain.answer(FakeChain.permitV2, on: manager, nil)
        _ = try await native.inputs([1, 2, 3])
        chain.set("isAllowed(uint256,address)", on: manager, Word(1))
        await #expect(throws: ThresholdError.forged) { try await native.inputs([1, 2, 3]) }
    }

    @Test("a verifier that has moved on, or has another signer than the chain named, has the contracts looked up anew")
    func lookedUpAgain() async throws {
        let chain = try FakeChain()
        let manager = Deployment.fixedTaskManager
        let answer = try firstAnswer().answer.encoded()
        // So that an input is forged by its signature alone.
        chain.set("isAllowed(uint256,address)", on: manager, Word(0))
        let (gone, forged) = (HTTPResponse(status: 404), HTTPResponse(status: 200, body: answer))
        for (response, error) in [(gone, ThresholdError.unknownDeployment(.verifier)), (forged, .forged)] {
            if error == .forged { chain.set("verifierSigner()", on: manager, Address.known(0x52).word) }
            let native = try chain.native(try Vectors.gate(), verifier: try verifier(OneAnswer { _ in response }))
            let before = chain.detections
            for _ in 0..<2 { await #expect(throws: error) { try await native.inputs([1, 2, 3]) } }
            #expect(chain.detections - before == 2, "\(error)")
        }
    }

    @Test("later generations sign both together, for the contract that takes them")
    func batch() async throws {
        let vector = try Vectors.section("input_verification_batch")
        let answer = try vector.require("verifier_response") { $0 }
        let signer = try signer(vector.require("batch_digest", \.text), vector.require("evm_signature", \.text))
        for generation in [Deployment.Generation.b, .c] {
            let halves = try await halves(answer, generation, signer: signer)
            let handles = [halves.high, halves.low].map { "0x" + Hexadecimal.encode($0.storedHandle.bytes) }
            #expect(try handles == vector.require("on_chain_handles", \.elements).compactMap(\.text))
            #expect("0x" + Hexadecimal.encode(halves.high.signature) == vector["evm_signature"]?.text)
            await #expect(throws: ThresholdError.forged) {
                try await self.halves(answer, generation, signer: .known(1))
            }
        }
        guard case .object(let members) = try answer.require("data", { $0 }), let list = members.first?.value.elements
        else { throw ThresholdError.malformed }
        let swapped: JSONValue = [
            "status": "success",
            "data": .object([.init("ciphertexts", .array(list.reversed()))] + members.dropFirst()),
        ]
        await #expect(throws: ThresholdError.forged) { try await self.halves(swapped, .b, signer: signer) }
    }

    @Test("each generation has its own path, account and chain are named, and a later one the contract")
    func requests() async throws {
        for generation in Deployment.Generation.allCases {
            let asked = Mutex<HTTPRequest?>(nil)
            let client = OneAnswer { request in
                asked.withLock { $0 = request }
                return HTTPResponse(status: 400)
            }
            await #expect(throws: ThresholdError.refused) {
                try await verifier(client).inputs([0xab], on: deployment(generation, nil))
            }
            let request = try #require(asked.withLock { $0 })
            let body = try JSONValue(parsing: request.body)
            #expect(
                request.isJSON && request.url == "https://vrf.example/" + (generation == .a ? "verify" : "verifyBatch"))
            #expect(body["packed_list"] == "ab" && body["security_zone"] == 0 && body["chain_id"] == 421_614)
            #expect(body["account_addr"]?.text == (try Vectors.fixture("issuer")))
            #expect(body["contract_address"]?.text == (generation == .a ? nil : Self.consumer))
        }
    }

    private static let outcomes: [(Int, String, ThresholdError)] = [
        (400, "{}", .refused), (404, "{}", .unknownDeployment(.verifier)), (503, "{}", .unreachable),
        (500, "{}", .unreachable), (200, "<html>", .malformed),
        (200, #"{"status":"error","data":{"message":"x"}}"#, .refused),
        (200, #"{"status":"success","data":[]}"#, .malformed), (200, #"{"status":"success"}"#, .refused),
        (200, #"{"status":"success","data":[{"ct_hash":"0x01","signature":"0x","recid":0},{}]}"#, .malformed),
    ]

    @Test("every other answer of the verifier has one outcome", arguments: outcomes.indices)
    func refusals(index: Int) async throws {
        let (status, text, expected) = Self.outcomes[index]
        let client = OneAnswer { _ in HTTPResponse(status: status, body: Array(text.utf8)) }
        await #expect(throws: expected) { try await verifier(client).inputs([1], on: deployment(.a, nil)) }
    }

    @Test("a verifier that is busy, stumbles or cannot be reached is asked again, and not without end")
    func busy() async throws {
        let answer = try firstAnswer().answer.encoded()
        let asked = Mutex(0)
        let slept = Mutex(0)
        let surroundings = Surroundings(
            unixTime: { 0 }, elapsed: { .zero }, sleep: { _ in slept.withLock { $0 += 1 } }, random: { 0.5 })
        func verifier(succeedingAt last: Int) throws -> InputVerifier {
            let client = ManyAnswers { _ throws(HTTPFailure) in
                let number = asked.withLock { number in
                    number += 1
                    return number
                }
                guard number < last else { return HTTPResponse(status: 200, body: answer) }
                if number % 4 == 0 { throw .connectFailed }
                return HTTPResponse(status: [429, 500, 503][number % 4 - 1])
            }
            return try self.verifier(client, surroundings)
        }
        _ = try await verifier(succeedingAt: 20).inputs([1], on: deployment(.a, nil))
        #expect(asked.withLock { $0 } == 20 && slept.withLock { $0 } == 19)
        asked.withLock { $0 = 0 }
        await #expect(throws: ThresholdError.unreachable) {
            try await verifier(succeedingAt: 21).inputs([1], on: deployment(.a, nil))
        }
        #expect(asked.withLock { $0 } == 20)
    }

    @Test("an answer of another shape is none: number of inputs, type, parity, hash and signature")
    func shapes() async throws {
        // Where the chain has turned the check of the signer off, only the shape refuses.
        let batch = try Vectors.section("input_verification_batch").require("verifier_response") { $0 }
        let item = try firstAnswer().item
        let changes: [(JSONValue, [String], JSONValue)] = [
            (batch, ["data", "ciphertexts", "0", "ct_type"], 5),
            (batch, ["data", "ciphertexts", "1", "ct_type"], .null),
            (batch, ["data", "ciphertexts", "1"], .null), (batch, ["data", "ciphertexts", "1", "ct_hash"], "0x00"),
            (batch, ["data", "recid"], 2), (batch, ["data", "recid"], -1), (batch, ["data", "recid"], "1"),
            (batch, ["data", "signature"], "0xab"), (batch, ["data", "ciphertexts"], .array([])),
        ]
        for (answer, path, value) in changes {
            let bent = answer.replacing(path[...], by: value)
            #expect(bent != answer, "\(path)")
            await #expect(throws: ThresholdError.malformed, "\(path)") { try await halves(bent, .b, signer: nil) }
        }
        let good = try firstAnswer().answer
        for (path, value) in [
            (["data", "0", "recid"], 2), (["data", "1", "recid"], .null), (["data", "0", "signature"], "0x"),
            (["data", "1", "ct_hash"], .string(CiphertextHandle.zero.hexadecimal)), (["data"], [item]),
            (["data"], [item, item, item]),
        ] as [([String], JSONValue)] {
            let bent = good.replacing(path[...], by: value)
            #expect(bent != good, "\(path)")
            await #expect(throws: ThresholdError.malformed, "\(path)") { try await halves(bent, .a, signer: nil) }
        }
    }

    @Test("a proof is bound to security zone, account and chain, as in the vectors")
    func metadata() throws {
        let vector = try Vectors.section("zk_metadata")
        let metadata = try verifier(OneAnswer { _ in HTTPResponse(status: 500) }).metadata
        #expect(Hexadecimal.encode(metadata) == vector["metadata_hex"]?.text && metadata.count == vector["length"]?.int)
    }

    @Test("a handle's last two bytes are its type and zone; what was public from the start is no key")
    func layout() throws {
        for entry in try #require(Vectors.section("handle_layout").elements) {
            let handle = try #require(entry["handle"]?.text.flatMap { CiphertextHandle(hexadecimal: $0) })
            #expect(Int(handle.bytes[30] & 0x7F) == entry["utype"]?.int)
            #expect((handle.bytes[30] & 0x80 != 0) == entry["trivial"]?.truth)
            #expect(handle.isKeyHalf == (entry["utype"] == 6 && entry["trivial"] == false))
        }
    }

    @Test("a stored key is called with the vectors' bytes")
    func storeKey() async throws {
        let vector = try Vectors.section("storeKey_calldata")
        func input(_ name: String) throws -> PromptKeyStoreContract.Input {
            let value = try vector.require(name) { $0 }
            return .init(
                handle: try #require(Word(decimal: try value.require("ctHash", \.text))),
                signature: try #require(Hexadecimal.decode(try value.require("signature", \.text))))
        }
        let readers = try vector.require("allowedNodes", \.elements).map { try Address($0.text ?? "") }
        let rpc = RPCClient(
            endpoints: [try ServiceURL("https://rpc.example")], chainID: 1,
            client: OneAnswer { _ in HTTPResponse(status: 500) })
        let intent = PromptKeyStoreContract(Contract(.zero, rpc)).store(
            try #require(Hexadecimal.decode(vector.require("jobId", \.text))), high: try input("encHigh"),
            low: try input("encLow"), readers: readers, from: .zero)
        #expect("0x" + Hexadecimal.encode(intent.call.data) == vector["calldata"]?.text)
    }
}

/// Answers every request by one function.
struct OneAnswer: HTTPClient {
    let answer: @Sendable (HTTPRequest) -> HTTPResponse

    init(_ answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse) { self.answer = answer }

    func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse { answer(request) }
}

/// Answers every request by one function, which may fail.
private struct ManyAnswers: HTTPClient {
    let answer: @Sendable (HTTPRequest) throws(HTTPFailure) -> HTTPResponse

    func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse { try answer(request) }
}

extension JSONValue {
    /// With another value at a path of names and numbers.
    fileprivate func replacing(_ path: ArraySlice<String>, by value: JSONValue) -> JSONValue {
        guard let first = path.first else { return value }
        switch self {
        case .object(let members):
            return .object(
                members.map { $0.key == first ? .init($0.key, $0.value.replacing(path.dropFirst(), by: value)) : $0 })
        case .array(let elements):
            return .array(
                elements.enumerated().map { "\($0)" == first ? $1.replacing(path.dropFirst(), by: value) : $1 })
        default: return self
        }
    }
}
