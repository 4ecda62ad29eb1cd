import Testing

import Coordination
import HTTPTransport
import LoopbackServer
import Shared

/// What really goes over the wire, seen by a server on loopback.
@Suite("A request to the coordinator", .timeLimit(.minutes(1)))
struct RequestTests {
    private let http: CurlClient

    init() throws { http = try CurlClient() }

    @Test("carries the vectors' signatures over exactly the bytes that are sent")
    func vectors() async throws {
        let vectors = try #require(try Samples.value("auth_vectors").elements)
        #expect(vectors.count == 3)
        for vector in vectors {
            let body = try #require(vector["body"]?.text), signed = try #require(vector["signedText"]?.text)
            let signature = try #require(vector["X-Signature"]?.text), address = try #require(vector["address"]?.text)
            let signer = StubSigner(address, known: [signed: signature])
            let server = try LoopbackServer { _ in .json(#"{"status":"ok","assignments":[]}"#) }
            let coordinator = try FakeWorld().coordinator(http, signer: signer, base: server.base)
            if body.isEmpty {
                _ = try await coordinator.assignments()
            } else {
                _ = try await coordinator.submitResult(body: Array(body.utf8))
            }
            let request = try #require(server.requests.first)
            #expect(signer.messages == [Array(signed.utf8)])
            #expect(request.body == Array(body.utf8))
            #expect(request.header("X-Signature") == signature)
            #expect(request.header("X-Timestamp") == vector["timestamp"]?.text)
            #expect(request.header("X-Node-Address") == address)
            #expect(request.header("Content-Type") == "application/json")
        }
    }

    @Test("goes to the right place, signed under /internal and only there")
    func places() async throws {
        let server = try LoopbackServer { _ in .json("{}") }
        let coordinator = try FakeWorld().coordinator(http, base: server.base + "/icl/")
        let job = try #require(JobID("a/b?c#d%2e e\u{E9}"))
        _ = try? await coordinator.challenge()
        _ = try? await coordinator.attest(
            AttestationSubmission(backend: .tpm, quote: [], runtimeHash: [], challengeID: ""))
        _ = try? await coordinator.heartbeat()
        _ = try? await coordinator.assignments()
        _ = try? await coordinator.claim(job)
        _ = try? await coordinator.submitResult(body: [123, 125])
        _ = try? await coordinator.submitVerdict(body: [123, 125])
        _ = try? await coordinator.status(of: job)
        _ = try? await coordinator.publicStatus(of: job)
        _ = try? await coordinator.directoryEntry()
        _ = try? await coordinator.health()
        let encoded = "a%2Fb%3Fc%23d%252e%20e%C3%A9"
        #expect(
            server.requests.map { "\($0.method) \($0.target)" } == [
                "GET /icl/internal/challenge/\(Samples.leader)", "POST /icl/internal/attestation/verify",
                "POST /icl/internal/heartbeat", "GET /icl/internal/assignments/\(Samples.leader)",
                "POST /icl/internal/task/claim", "POST /icl/internal/task/result", "POST /icl/internal/task/verify",
                "GET /icl/internal/jobs/\(encoded)/status", "GET /icl/v1/inference/task/\(encoded)",
                "GET /icl/v1/nodes/\(Samples.leader)", "GET /icl/health",
            ])
        for request in server.requests {
            #expect((request.header("X-Signature") != nil) == request.target.hasPrefix("/icl/internal/"))
        }
    }

    @Test("a claim echoes the id byte for byte")
    func claimBody() async throws {
        let client = ScriptedClient("{}")
        let job = try #require(JobID("Ab\"\\/\u{E9}e\u{301}"))
        _ = try? await FakeWorld().coordinator(client).claim(job)
        let body = try JSONValue(parsing: client.requests[0].body)
        #expect(body["jobId"]?.text?.utf8.elementsEqual(job.text.utf8) == true)
        _ = try? await FakeWorld().coordinator(client).claim(Samples.job())
        #expect(try JSONValue(parsing: client.requests[1].body) == Samples.value("1.5_claim", "request"))
    }

    @Test("a heartbeat's time is text")
    func heartbeatBody() async throws {
        let client = ScriptedClient("{}")
        try await FakeWorld().coordinator(client).heartbeat()
        #expect(try JSONValue(parsing: client.requests[0].body) == Samples.value("1.3_heartbeat", "request"))
    }

    @Test("an attestation has no 0x, no tier and no empty list of models")
    func attestationBody() async throws {
        let sample = try Samples.value("1.2_attestation", "request")
        var submission = AttestationSubmission(
            backend: .mock, quote: try bytes(sample, "quote"), runtimeHash: try bytes(sample, "runtimeHash"),
            challengeID: try text(sample, "challengeId"), supportedModels: ["groq:llama-3.3-70b-versatile"])
        let client = ScriptedClient(try Samples.bytes("1.2_attestation", "response"))
        _ = try await FakeWorld().coordinator(client).attest(submission)
        #expect(try JSONValue(parsing: client.requests[0].body) == sample)
        submission.supportedModels = []
        _ = try await FakeWorld().coordinator(client).attest(submission)
        let keys = try JSONValue(parsing: client.requests[1].body).keys
        #expect(keys == ["nodeAddress", "backendType", "quote", "runtimeHash", "challengeId"])
    }

    @Test("a result has the published names and types, and never a summary")
    func resultBody() async throws {
        let sample = try Samples.value("1.6_result", "request")
        let (high, low) = (
            try handle(sample, "encrypted_output_key_high"), try handle(sample, "encrypted_output_key_low")
        )
        let signature = try bytes(
            try Samples.value("1.6_result", "request", "encrypted_output_key_inputs", "high"), "signature")
        let made = ResultSubmission(
            job: try Samples.job(), outputCID: try text(sample, "output_cid"),
            commitment: try bytes(sample, "commitment_hash"), keyHigh: high, keyLow: low,
            inputs: (.init(handle: high, signature: signature), .init(handle: low, signature: signature)),
            storeTransaction: try bytes(sample, "output_key_store_tx"))
        let result = try #require(made)
        guard case .object(let members) = sample else { throw StubSigner.Refused() }
        // The reference leaves the confidence out of a result (icl.md 1.6).
        #expect(try JSONValue(parsing: result.body) == .object(members.filter { $0.key != "confidence" }))
        let client = ScriptedClient(try Samples.bytes("1.6_result", "response_recorded"))
        _ = try await FakeWorld().coordinator(client).submit(result)
        #expect(client.requests[0].body == result.body)
    }

    @Test("no result can be made without both halves of its key, with a short commitment or without a CID")
    func resultWithoutKey() throws {
        let one = try #require(CiphertextHandle(decimal: "1"))
        let commitment = [UInt8](repeating: 1, count: 32)
        func make(_ cid: String, _ hash: [UInt8], _ high: CiphertextHandle, _ low: CiphertextHandle) throws
            -> ResultSubmission?
        {
            ResultSubmission(
                job: try Samples.job(), outputCID: cid, commitment: hash, keyHigh: high, keyLow: low, inputs: nil)
        }
        #expect(try make("cid", commitment, one, one) != nil)
        #expect(try make("cid", commitment, .zero, one) == nil)
        #expect(try make("cid", commitment, one, .zero) == nil)
        #expect(try make("cid", [1], one, one) == nil)
        for cid in ["", "None", "a\nb"] { #expect(try make(cid, commitment, one, one) == nil) }
    }

    @Test("a verdict has the published names and types", arguments: ["request_confirm", "request_reject"])
    func verdictBody(name: String) async throws {
        let sample = try Samples.value("1.7_verify", name)
        let made = VerdictSubmission(
            job: try Samples.job(), verifier: try text(sample, "verifier_address"),
            commitment: try bytes(sample, "commitment_hash"), verdict: name == "request_confirm" ? .confirm : .reject,
            confidence: sample["confidence"]?.int ?? -1)
        let verdict = try #require(made)
        #expect(try JSONValue(parsing: verdict.body) == sample)
        for (count, confidence) in [(31, 100), (32, -1), (32, 101)] {
            #expect(
                try VerdictSubmission(
                    job: Samples.job(), verifier: "", commitment: [UInt8](repeating: 0, count: count),
                    verdict: .confirm,
                    confidence: confidence) == nil)
        }
    }

    @Test("a wallet that does not sign sends nothing")
    func unsigned() async throws {
        let client = ScriptedClient("{}")
        let coordinator = try FakeWorld().coordinator(client, signer: StubSigner(refuses: true))
        await #expect(throws: CoordinatorError.notSigned) { try await coordinator.heartbeat() }
        #expect(client.requests.isEmpty)
    }

    private func text(_ sample: JSONValue, _ key: String) throws -> String { try #require(sample[key]?.text) }

    private func bytes(_ sample: JSONValue, _ key: String) throws -> [UInt8] {
        let text = try text(sample, key)
        return try #require(Hexadecimal.decode(text))
    }

    private func handle(_ sample: JSONValue, _ key: String) throws -> CiphertextHandle {
        let text = try text(sample, key)
        return try #require(CiphertextHandle(decimal: text))
    }
}

extension JSONValue {
    var keys: [String] { if case .object(let members) = self { members.map(\.key) } else { [] } }
}
