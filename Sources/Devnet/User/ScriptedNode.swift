package import Ethereum
package import Shared

/// A node without a sandbox or a loop: each step of a job is one call, made as the protocol asks.
///
/// It stands in for the peers of a node under test, and shows the toy's own tests that an honest node passes.
package struct ScriptedNode: Sendable {
    package enum Failure: Error { case malformedAnswer }

    package let key: PrivateKey
    private let client: LoopbackClient
    private let cofhe: CoFHEClient
    /// How far the devnet's clock is ahead, so that timestamps fit.
    private let offset: Double

    package var address: String { key.address.checksummed }

    package init(client: LoopbackClient, offset: Double = 0) throws {
        self.client = client
        self.offset = offset
        key = try PrivateKey.generate()
        cofhe = try CoFHEClient(client: client, key: key)
    }

    /// A signed call.
    package func call(_ method: String, _ path: String, _ body: JSONValue? = nil) throws -> Reply {
        let bytes = body?.encoded() ?? []
        let headers = CallSignature.headers(key, body: bytes, time: DevClock.system() + offset)
        return try client.send(method, path, headers: headers, body: bytes)
    }

    private func json(_ method: String, _ path: String, _ body: JSONValue? = nil) throws -> JSONValue {
        try LoopbackClient.decode(try call(method, path, body))
    }

    package func attest(mockKey: String = AttestationRoutes.defaultMockKey) throws {
        let challenge = try json("GET", "/internal/challenge/" + address)
        guard let nonce = challenge["nonce"]?.text.flatMap({ Hexadecimal.decode($0) }) else {
            throw Failure.malformedAnswer
        }
        let quote = ToyCrypto.hmacSHA256(key: Array(mockKey.utf8), nonce)
        _ = try json(
            "POST", "/internal/attestation/verify",
            [
                "nodeAddress": .string(address), "backendType": "mock", "quote": .string(Hexadecimal.encode(quote)),
                "runtimeHash": .string(Hexadecimal.encode(SHA256.hash(Array("blindference-node-v0.1.0-mock".utf8)))),
                "challengeId": .string(try challenge.requireText("challengeId")),
            ])
    }

    package func assignments() throws -> [JSONValue] {
        try json("GET", "/internal/assignments/" + address)["assignments"]?.elements ?? []
    }

    /// - Returns: the answer, with both handles as bare numbers.
    package func claim(_ jobID: String) throws -> JSONValue {
        try json("POST", "/internal/task/claim", ["jobId": .string(jobID), "nodeAddress": .string(address)])
    }

    /// Claims a job and computes the mock model's answer to its prompt.
    package func compute(_ assignment: JSONValue) throws -> String {
        let claimed = try claim(try assignment.requireText("jobId"))
        guard let high = handle(claimed, "kpHighHandle"), let low = handle(claimed, "kpLowHandle") else {
            throw Failure.malformedAnswer
        }
        let aesKey =
            try cofhe.decrypt(high, now: DevClock.system() + offset)
            + cofhe.decrypt(low, now: DevClock.system() + offset)
        let prompt = try Blob.open(try client.download(try assignment.requireText("promptCid")), key: aesKey)
        let model = try assignment.requireText("modelId")
        let digest: [UInt8] = SHA256.hash(Array("\(model):".utf8) + prompt)
        return "MOCK_OUTPUT_" + Hexadecimal.encode(digest)
    }

    /// The leader's message about an answer, its output uploaded and its key behind handles.
    package func result(_ answer: String, of jobID: String) throws -> JSONValue {
        let aesKey = ToyCrypto.random(32)
        let cid = try client.upload(try Blob.seal(Array(answer.utf8), key: aesKey))
        let high = HandleText.decimal(try cofhe.encrypt(Array(aesKey[..<16])))
        let low = HandleText.decimal(try cofhe.encrypt(Array(aesKey[16...])))
        func input(_ handle: String) -> JSONValue {
            ["ctHash": .string(handle), "securityZone": 0, "utype": 6, "signature": "0x"]
        }
        return [
            "jobId": .string(jobID), "output_cid": .string(cid),
            "commitment_hash": .string(ScriptedNode.commitment(cid, answer)),
            "encrypted_output_key_high": .string(high), "encrypted_output_key_low": .string(low),
            "encrypted_output_key_inputs": ["high": input(high), "low": input(low)],
        ]
    }

    /// Leads a job from the claim to the result.
    package func lead(_ assignment: JSONValue) throws {
        let answer = try compute(assignment)
        _ = try json("POST", "/internal/task/result", try result(answer, of: try assignment.requireText("jobId")))
    }

    /// Verifies a job whose leader has delivered.
    package func verify(_ assignment: JSONValue) throws {
        let jobID = try assignment.requireText("jobId")
        let answer = try compute(assignment)
        let status = try json("GET", "/internal/jobs/" + PercentCoding.encode(jobID) + "/status")
        let commitment = ScriptedNode.commitment(try status.requireText("outputCid"), answer)
        let agrees = commitment == status["leaderCommitment"]?.text
        _ = try json(
            "POST", "/internal/task/verify",
            [
                "jobId": .string(jobID), "verifier_address": .string(address), "commitment_hash": .string(commitment),
                "verdict": agrees ? "CONFIRM" : "REJECT", "confidence": agrees ? 100 : 0,
            ])
    }

    /// The mock model's answers have no white space, so they are their own normal form.
    package static func commitment(_ cid: String, _ answer: String) -> String {
        Hexadecimal.encode(Commitment.hash(cid: cid, innerHash: SHA256.hash(Array(answer.utf8))))
    }

    private func handle(_ claimed: JSONValue, _ key: String) -> Word? {
        guard case .number(let digits)? = claimed[key], digits != "0" else { return nil }
        return HandleText.parse(decimal: digits)
    }
}
