import DevnetCore
import Ethereum
import Shared
import Testing

@Suite struct DeliveryTests {
    private let bench = Bench()
    private let leader: PrivateKey
    private let verifier: PrivateKey
    private let job: String

    init() throws {
        leader = try bench.attestedNode()
        verifier = try bench.attestedNode()
        job = try bench.job([leader, verifier, try bench.attestedNode()])
    }

    private func deliver(_ result: [JSONValue.Member]) throws -> (status: Int, body: JSONValue) {
        try bench.signed(leader, "POST", "/internal/task/result", .object(result))
    }

    @Test func `handles are text in assignments and bare numbers in claims`() throws {
        let path = "/internal/assignments/" + leader.address.checksummed
        let offered = try #require(try bench.signed(leader, "GET", path).body["assignments"]?.elements?.first)
        #expect(offered["role"]?.text == "leader")
        let text = try offered.requireText("kpHighHandle")
        guard case .number(let digits)? = try bench.claim(job, leader).body["kpHighHandle"] else {
            Issue.record("the claim's handle is no number")
            return
        }
        #expect(digits == text)
        #expect(try bench.signed(leader, "GET", path).body["assignments"]?.elements == [])
    }

    @Test func `an address in the wrong case makes a leader a verifier`() throws {
        let path = "/internal/assignments/" + leader.address.checksummed.lowercased()
        let offered = try bench.signed(leader, "GET", path).body["assignments"]?.elements?.first
        #expect(offered?["role"]?.text == "verifier")
        #expect(bench.violations == [.addressNotChecksummed])
    }

    @Test func `a result is accepted once, its repetition counted and its contradiction refused`() throws {
        let first = try bench.result(job, owner: leader.address)
        #expect(try deliver(first).status == 409)
        #expect(try bench.claim(job, leader).status == 200)
        #expect(try deliver(first).body["status"]?.text == "leader_result_recorded")
        #expect(try deliver(first.reversed()).status == 200)
        let other = try bench.result(job, owner: leader.address, answer: "five")
        #expect(try deliver(other).status == 409)
        #expect(bench.violations == [.notClaimed, .resultContradiction])
        let nodes = try bench.call("GET", "/dev/jobs/" + job).body["nodes"]?.elements
        #expect(nodes?.first?["repeats"]?.int == 1)
        #expect(nodes?.first?["commitment"]?.text == first["commitment_hash"])
    }

    @Test func `casing and types of a result are checked`() throws {
        _ = try bench.claim(job, leader)
        let right = try bench.result(job, owner: leader.address)
        let detail = try deliver(right.renaming("output_cid", "outputCid")).body["detail"]?.text
        #expect(detail?.hasPrefix("1 validation error for LeaderTextResultSubmission\noutput_cid") == true)
        #expect(try deliver(right.replacing("encrypted_output_key_high", 5)).status == 400)
        let upper = right["commitment_hash"].uppercased()
        #expect(try deliver(right.replacing("commitment_hash", .string(upper))).status == 400)
        #expect(try deliver(right.renaming("jobId", "job_id")).body["detail"]?.text == "jobId is required")
        #expect(bench.violations == [.fieldWrongCase, .fieldWrongType, .commitmentMalformed, .fieldWrongCase])
    }

    @Test func `an output that nobody can get, and a key that nobody can read, are recorded but taken`() throws {
        _ = try bench.claim(job, leader)
        let result = try bench.result(job, owner: leader.address)
            .replacing("output_cid", .string("Qm" + String(repeating: "0", count: 44)))
            .replacing("encrypted_output_key_low", nil)
        #expect(try deliver(result).status == 200)
        #expect(bench.violations == [.outputIdentifierInvalid, .outputNotRetrievable, .outputKeyMissing])
    }

    @Test func `the user may read the output key once the result is recorded`() throws {
        let user = try PrivateKey.generate()
        let job = try bench.job([leader], user: user.address)
        _ = try bench.claim(job, leader)
        let result = try bench.result(job, owner: leader.address)
        #expect(try deliver(result).body["finalized"]?.truth == true)
        let handle = try #require(HandleText.parse(decimal: result["encrypted_output_key_high"]))
        let permit = SealingPermit(
            issuedBy: user, expiration: Int(bench.now) + 60, sealingKey: try ToyCrypto.x25519KeyPair().publicKey)
        let body: JSONValue = [
            "jsonrpc": "2.0", "id": 1, "method": "cofhe_decryptForView",
            "params": [
                .string(HandleText.hexadecimal(handle)),
                [
                    "issuer": .string(user.address.checksummed), "expiration": .integer(permit.expiration),
                    "sealingKey": .string("0x" + Hexadecimal.encode(permit.sealingKey)),
                    "signature": .string(permit.signature.hexadecimal),
                ],
            ],
        ]
        #expect(try bench.call("POST", "/cofhe", body: body.encoded()).body["result"] != nil)
    }

    @Test func `a confirmation of another hash is dishonest, before and after the result`() throws {
        let wrong = String(repeating: "0", count: 64)
        _ = try bench.claim(job, verifier)
        #expect(try bench.verdict(job, verifier, hash: wrong).status == 200)
        #expect(bench.violations.isEmpty)
        _ = try bench.claim(job, leader)
        #expect(try deliver(try bench.result(job, owner: leader.address)).status == 200)
        #expect(bench.violations == [.dishonestVerdict])
    }

    @Test func `verdicts come from assigned nodes that claimed, and do not change`() throws {
        let stranger = try bench.attestedNode()
        let hash = String(repeating: "a", count: 64)
        #expect(
            try bench.verdict(job, stranger, hash: hash).body["detail"]?.text
                == "verifier verdict submitted by non-quorum verifier")
        #expect(try bench.verdict(job, verifier, hash: hash).status == 409)
        _ = try bench.claim(job, verifier)
        #expect(try bench.verdict(job, verifier, hash: hash).status == 200)
        #expect(try bench.verdict(job, verifier, hash: hash).status == 200)
        #expect(try bench.verdict(job, verifier, hash: String(repeating: "b", count: 64)).status == 409)
        #expect(bench.violations == [.notAssigned, .notClaimed, .verdictContradiction])
    }

    @Test func `a silent claim fails at the node's own poll, and a repeated claim restarts the clock`() throws {
        let path = "/internal/assignments/" + leader.address.checksummed
        _ = try bench.claim(job, leader)
        bench.devnet.clock.advance(by: 290)
        _ = try bench.claim(job, leader)
        bench.devnet.clock.advance(by: 290)
        _ = try bench.signed(leader, "GET", path)
        #expect(bench.violations.isEmpty)
        bench.devnet.clock.advance(by: 11)
        #expect(bench.violations.isEmpty)
        _ = try bench.signed(leader, "GET", path)
        #expect(bench.violations == [.claimExpired])
    }

    @Test func `late verifiers see a job only after its leader`() throws {
        let late = Bench { $0.rules.lateVerifiers = true }
        let (leader, verifier) = (try late.attestedNode(), try late.attestedNode())
        let job = try late.job([leader, verifier])
        let path = "/internal/assignments/" + verifier.address.checksummed
        #expect(try late.signed(verifier, "GET", path).body["assignments"]?.elements == [])
        _ = try late.claim(job, leader)
        _ = try late.signed(
            leader, "POST", "/internal/task/result", .object(try late.result(job, owner: leader.address)))
        #expect(try late.signed(verifier, "GET", path).body["assignments"]?.elements?.count == 1)
    }
}
