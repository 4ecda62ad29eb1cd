import Testing

import Coordination
import HTTPTransport
import Shared

/// Every published shape of an answer, read through the client.
@Suite("An answer of the coordinator")
struct AnswerTests {
    private func coordinator(_ section: String, _ name: String) throws -> CoordinatorClient {
        try FakeWorld().coordinator(ScriptedClient(try Samples.bytes(section, name)))
    }

    @Test("a challenge, with and without 0x in front of its nonce")
    func challenge() async throws {
        let challenge = try await coordinator("1.1_challenge", "response").challenge()
        #expect(challenge.id == "0f7f1c34-9d1b-4e0c-8a53-5f0e7d1c2b6a")
        let nonce = try Samples.text("1.1_challenge", "response", "nonce")
        #expect(challenge.nonce.count == 32 && "0x" + Hexadecimal.encode(challenge.nonce) == nonce)
        #expect(challenge.expiresAt == 1_780_000_300)
        let bare = try FakeWorld().coordinator(ScriptedClient(#"{"challengeId":"a","nonce":"\#(nonce.dropFirst(2))"}"#))
        #expect(try await bare.challenge().nonce == challenge.nonce)
    }

    @Test("a challenge without a real nonce is refused", arguments: ["", "0x", "0xabcd", "0x0", "zz", "0x0x00"])
    func badNonce(nonce: String) async throws {
        let coordinator = try FakeWorld().coordinator(ScriptedClient(#"{"challengeId":"a","nonce":"\#(nonce)"}"#))
        await #expect(throws: CoordinatorError.self) { try await coordinator.challenge() }
    }

    @Test("a certificate")
    func certificate() async throws {
        let submission = AttestationSubmission(backend: .mock, quote: [], runtimeHash: [], challengeID: "c")
        let certificate = try await coordinator("1.2_attestation", "response").attest(submission)
        #expect(Hexadecimal.encode(certificate.hash) == "9b2f5c7e41d84a0fb6c3e81d27f5a094")
        #expect(certificate.expiry == 1_780_086_400 && certificate.tier == 0)
    }

    @Test("a heartbeat's answer")
    func heartbeat() async throws { try await coordinator("1.3_heartbeat", "response").heartbeat() }

    @Test("a claim whose handles are bare integers of 77 digits")
    func claim() async throws {
        let claim = try await coordinator("1.5_claim", "response").claim(Samples.job())
        #expect(
            claim.keyHigh.decimal == "81928572721437830212424142361142871695640320019195552712876487174650821805568")
        #expect(claim.keyLow.decimal == "73495510662198173061840933888825163429124182540211628488172621820915852248576")
        #expect(claim.hasPromptKey && claim.outputKeyGranted && claim.claimDeadline == 1_780_000_300)
    }

    @Test("a claim without a stored key is no claim to key zero")
    func claimWithoutKey() async throws {
        #expect(try await !coordinator("1.5_claim", "response_no_key_on_chain").claim(Samples.job()).hasPromptKey)
        for body in [#"{"kpHighHandle":null,"kpLowHandle":null}"#, #"{"kpHighHandle":"7","kpLowHandle":"0x0"}"#] {
            #expect(try await !FakeWorld().coordinator(ScriptedClient(body)).claim(Samples.job()).hasPromptKey)
        }
    }

    @Test("the greatest handle arrives whole, one more is refused")
    func greatest() async throws {
        let greatest = "115792089237316195423570985008687907853269984665640564039457584007913129639935"
        let body =
            #"{"kpHighHandle":\#(greatest),"kpLowHandle":"\#(greatest)"}"#
        let claim = try await FakeWorld().coordinator(ScriptedClient(body)).claim(Samples.job())
        #expect(claim.keyHigh.bytes == [UInt8](repeating: 0xFF, count: 32) && claim.keyLow == claim.keyHigh)
        let beyond = greatest.dropLast() + "6"
        for text in [String(beyond), "\"\(beyond)\"", "1e10", "-1", "1.5", "true", "[]", "\"\""] {
            let body = #"{"kpHighHandle":\#(text),"kpLowHandle":1}"#
            await #expect(throws: CoordinatorError.malformedAnswer(.wrongType)) {
                try await FakeWorld().coordinator(ScriptedClient(body)).claim(Samples.job())
            }
        }
    }

    @Test("receipts of results and verdicts")
    func receipts() async throws {
        for (section, name, outcome, isFinal) in [
            ("1.6_result", "response_recorded", SubmissionReceipt.Outcome.recorded, false),
            ("1.6_result", "response_committed", .committed, true),
        ] {
            let receipt = try await coordinator(section, name).submitResult(body: [1])
            #expect(receipt.outcome == outcome && receipt.isFinal == isFinal)
            #expect(receipt.commitment == "3c483000c140f1c4649621433b7c32131187c391108870fe89265ae57aa62a56")
        }
        let recorded = try await coordinator("1.7_verify", "response_recorded").submitVerdict(body: [1])
        #expect(recorded.outcome == .recorded && !recorded.isFinal && recorded.commitment == nil)
        #expect(try await coordinator("1.7_verify", "response_committed").submitVerdict(body: [1]).isFinal)
    }

    @Test(
        "the status of a job, from old and new servers",
        arguments: [
            "response_waiting", "response_old_server", "response_failed_job_looks_like_this",
        ])
    func waiting(name: String) async throws {
        let status = try await coordinator("1.8_status", name).status(of: Samples.job())
        #expect(status.state == .queued && !status.state.isFinal)
        #expect(status.outputCID == nil && status.leaderCommitment == nil)
    }

    @Test("the status of a job that the leader delivered, and of one that is decided")
    func delivered() async throws {
        let cid = try Samples.text("constants", "outputCid")
        let delivered = try await coordinator("1.8_status", "response_leader_delivered").status(of: Samples.job())
        #expect(delivered.state == .queued && delivered.outputCID == cid)
        #expect(delivered.leaderCommitment == "3c483000c140f1c4649621433b7c32131187c391108870fe89265ae57aa62a56")
        let accepted = try await coordinator("1.8_status", "response_accepted").status(of: Samples.job())
        #expect(accepted.state == .accepted && accepted.state.isFinal)
    }

    @Test("None and nothing are no CID", arguments: [#""None""#, #""""#, "null"])
    func none(cid: String) async throws {
        let body = #"{"status":"QUEUED","outputCid":\#(cid)}"#
        #expect(try await FakeWorld().coordinator(ScriptedClient(body)).status(of: Samples.job()).outputCID == nil)
    }

    @Test("an unknown state is not final; a CID that is no text is no answer")
    func unknown() async throws {
        let status = try await FakeWorld().coordinator(ScriptedClient(#"{"status":"VERIFIED"}"#)).status(
            of: Samples.job())
        #expect(status.state == .other && !status.state.isFinal)
        for cid in ["5", "{}", #""a\nb""#, "\"\(String(repeating: "a", count: 257))\""] {
            await #expect(throws: CoordinatorError.malformedAnswer(.wrongType)) {
                try await FakeWorld().coordinator(ScriptedClient(#"{"status":"QUEUED","outputCid":\#(cid)}"#))
                    .status(of: Samples.job())
            }
        }
    }

    @Test("the public status of accepted, rejected and waiting jobs")
    func publicStatus() async throws {
        let accepted = try await coordinator("1.9_public_status", "response_accepted_new").publicStatus(
            of: Samples.job())
        #expect(accepted.state == .accepted && accepted.leader == Samples.leader)
        #expect(accepted.quorum?.verifiers.count == 2 && accepted.quorum?.confirmations == 2)
        #expect(
            accepted.keyHigh?.decimal == "489474372077210025787370466830406039866522983782903065624924344829875062272")
        #expect(
            accepted.verdicts.first?.isAccepted == true && accepted.verdicts.first?.commitment == accepted.commitment)
        let rejected = try await coordinator("1.9_public_status", "response_rejected_new").publicStatus(
            of: Samples.job())
        #expect(rejected.state == .rejected && rejected.leader == nil && rejected.verdicts.first?.isAccepted == false)
        let queued = try await coordinator("1.9_public_status", "response_queued_old").publicStatus(of: Samples.job())
        #expect(queued.state == .queued && queued.outputCID == nil && queued.keyHigh == nil && queued.verdicts.isEmpty)
    }

    @Test("the directory's entry and the coordinator's health")
    func directory() async throws {
        let node = try #require(try await coordinator("1.11_directory", "node").directoryEntry())
        #expect(node.isActive && node.tiers == [0] && node.lastHeartbeat == 1_780_000_000 && node.reputation == 100)
        let health = try await coordinator("1.11_directory", "icl_health").health()
        #expect(health.isHealthy && health.isChainConnected == true && health.isDatabaseConnected == true)
        let unlisted = try FakeWorld().coordinator(ScriptedClient(status: 404, #"{"detail":"Not Found"}"#))
        #expect(try await unlisted.directoryEntry() == nil)
    }

    @Test(
        "a success that is no JSON, or another JSON, is malformed",
        arguments: [
            "", "<html>", "[]", "null", "{", #"{"status":5}"#, #"{"status":"a","status":"b"}"#,
        ])
    func malformed(body: String) async throws {
        let client = ScriptedClient(body)
        await #expect {
            try await FakeWorld().coordinator(client).submitResult(body: [1])
        } throws: { error in
            if case .malformedAnswer = error as? CoordinatorError { true } else { false }
        }
        #expect(client.requests.count == 1, "it may have taken effect, and is not repeated blindly")
    }
}
