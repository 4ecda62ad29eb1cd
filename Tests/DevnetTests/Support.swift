import ContentStore
import DevnetCore
import Ethereum
import Foundation
import Shared
import Testing

/// The devnet at a fixed time, called without a socket.
struct Bench {
    static let time = 1_780_000_000.0
    let devnet: Devnet

    init(_ change: (inout Devnet.Settings) -> Void = { _ in }) {
        var settings = Devnet.Settings()
        settings.clock = DevClock { Bench.time }
        change(&settings)
        devnet = Devnet(settings)
    }

    var now: Double { devnet.clock.now }

    func call(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) throws -> (status: Int, body: JSONValue) {
        let named = [("Content-Type", "application/json")] + headers
        let lower = Dictionary(named.map { ($0.0.lowercased(), $0.1) }) { $1 }
        let request = try #require(ServedRequest(method: method, target: path, headers: lower, body: body))
        let reply = devnet.answer(request)
        return (reply.status, try JSONValue(parsing: reply.body))
    }

    /// A control call, which nobody signs.
    func control(_ path: String, _ body: JSONValue) throws -> JSONValue {
        let answer = try call("POST", path, body: body.encoded())
        try #require(answer.status == 200)
        return answer.body
    }

    func signed(
        _ key: PrivateKey, _ method: String, _ path: String, _ body: JSONValue? = nil
    ) throws -> (status: Int, body: JSONValue) {
        let bytes = body?.encoded() ?? []
        return try call(method, path, headers: CallSignature.headers(key, body: bytes, time: now), body: bytes)
    }

    var violations: [Violation] { devnet.ledger.entries.map(\.violation) }

    // MARK: - Nodes

    func challenge(_ key: PrivateKey) throws -> (id: String, nonce: [UInt8]) {
        let body = try signed(key, "GET", "/internal/challenge/" + key.address.checksummed).body
        return (try body.requireText("challengeId"), try #require(Hexadecimal.decode(try body.requireText("nonce"))))
    }

    func attest(_ key: PrivateKey, challenge: String, quote: [UInt8]) throws -> (status: Int, body: JSONValue) {
        try signed(
            key, "POST", "/internal/attestation/verify",
            [
                "nodeAddress": .string(key.address.checksummed), "backendType": "mock",
                "quote": .string(Hexadecimal.encode(quote)),
                "runtimeHash": "3ec7b0c7e7a1c5dbc0fbf73e4e8a25af6bb02518009db41d8ef32e64b40793f6",
                "challengeId": .string(challenge),
            ])
    }

    func attestedNode(_ key: PrivateKey? = nil) throws -> PrivateKey {
        let key = try key ?? PrivateKey.generate()
        let challenge = try challenge(key)
        let quote = ToyCrypto.hmacSHA256(key: Array("weloveblindference".utf8), challenge.nonce)
        try #require(try attest(key, challenge: challenge.id, quote: quote).status == 200)
        return key
    }

    // MARK: - Jobs

    /// A job of these nodes, the first of which leads. Its blob is not in the store.
    func job(
        _ nodes: [PrivateKey], user: Address = .zero, key: [UInt8] = ToyCrypto.random(32)
    ) throws -> String {
        let high = try #require(devnet.vault.store(Array(key[..<16]), owner: user))
        let low = try #require(devnet.vault.store(Array(key[16...]), owner: user))
        let body: JSONValue = [
            "modelId": "mock", "promptCid": "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH",
            "kpHighHandle": .string(HandleText.decimal(high)), "kpLowHandle": .string(HandleText.decimal(low)),
            "userAddress": .string(user.checksummed), "leader": .string(nodes[0].address.checksummed),
            "verifierAddresses": .array(nodes.dropFirst().map { .string($0.address.checksummed) }),
        ]
        return try control("/dev/submit", body).requireText("jobId")
    }

    func claim(_ job: String, _ key: PrivateKey) throws -> (status: Int, body: JSONValue) {
        try signed(
            key, "POST", "/internal/task/claim",
            ["jobId": .string(job), "nodeAddress": .string(key.address.checksummed)])
    }

    /// A well-formed result whose output lies in the store.
    func result(_ job: String, owner: Address, answer: String = "four") throws -> [JSONValue.Member] {
        let cid = try #require(devnet.shelf.add(Array(answer.utf8))).text
        let handles = try (0..<2).map { _ in
            HandleText.decimal(try #require(devnet.vault.store(ToyCrypto.random(16), owner: owner)))
        }
        return [
            .init("jobId", .string(job)), .init("output_cid", .string(cid)),
            .init("commitment_hash", .string(ScriptedNode.commitment(cid, answer))),
            .init("encrypted_output_key_high", .string(handles[0])),
            .init("encrypted_output_key_low", .string(handles[1])),
        ]
    }

    func verdict(
        _ job: String, _ key: PrivateKey, hash: String, word: String = "CONFIRM"
    ) throws -> (status: Int, body: JSONValue) {
        try signed(
            key, "POST", "/internal/task/verify",
            [
                "jobId": .string(job), "verifier_address": .string(key.address.checksummed),
                "commitment_hash": .string(hash), "verdict": .string(word), "confidence": 100,
            ])
    }
}

extension [JSONValue.Member] {
    subscript(key: String) -> String { first { $0.key == key }?.value.text ?? "" }

    func replacing(_ key: String, _ value: JSONValue) -> [JSONValue.Member] {
        map { $0.key == key ? .init(key, value) : $0 }
    }

    func renaming(_ key: String, _ name: String) -> [JSONValue.Member] {
        map { $0.key == key ? .init(name, $0.value) : $0 }
    }
}

/// A vector file beside the tests.
func vectors(_ name: String, directory: String = "DevnetTests/Vectors", file: String = #filePath) throws -> JSONValue {
    let tests = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
    return try JSONValue(parsing: Array(Data(contentsOf: tests.appending(path: directory).appending(path: name))))
}

func privateKey(_ text: String) throws -> PrivateKey {
    var secret = try SecretBytes(capacity: 80)
    try secret.append(public: text.utf8)
    return try PrivateKey(hexadecimal: secret)
}
