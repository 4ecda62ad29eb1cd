import DevnetCore
import Ethereum
import Foundation
import Inspection
import Shared
import Testing

/// A user's question of which the test knows everything that must stay secret.
struct KnownQuestion {
    /// Quotes, a line end and letters that JSON and UTF-16 spell differently, around a canary of its own.
    let prompt: String
    let canary: String
    let sealed: SealedPrompt
    let promptCID: String
    let jobID: String
    private let client: LoopbackClient
    private let cofhe: CoFHEClient

    init(url: String, model: String, leader: String, verifiers: [String] = []) throws {
        canary = "canary" + Hexadecimal.encode(ToyCrypto.random(20))
        prompt = "Tell \"nobody\"\n\(canary)\té 😀"
        sealed = try SealedPrompt(prompt)
        client = try LoopbackClient(url: url)
        let key = try PrivateKey.generate()
        cofhe = try CoFHEClient(client: client, key: key)
        promptCID = try client.upload(sealed.blob)
        var body: [JSONValue.Member] = [
            .init("modelId", .string(model)), .init("promptCid", .string(promptCID)),
            .init("kpHighHandle", .string(HandleText.decimal(try cofhe.encrypt(sealed.high)))),
            .init("kpLowHandle", .string(HandleText.decimal(try cofhe.encrypt(sealed.low)))),
            .init("userAddress", .string(key.address.checksummed)), .init("verifiers", .integer(verifiers.count)),
            .init("leader", .string(leader)),
        ]
        if !verifiers.isEmpty { body.append(.init("verifierAddresses", .array(verifiers.map { .string($0) }))) }
        jobID = try client.json("POST", "/dev/submit", .object(body)).requireText("jobId")
    }

    /// Every spelling of the canary, of the whole prompt, of the key and of its halves.
    var needles: [Needle] {
        Needle.spellings(of: canary, "prompt") + Needle.spellings(of: prompt, "whole prompt")
            + Needle.spellings(of: sealed.key, "prompt key") + Needle.spellings(of: sealed.high, "high half")
            + Needle.spellings(of: sealed.low, "low half")
    }

    /// Where the digest is the mock's answer, or any model's anchor.
    func digestNeedles(model: String) -> [Needle] {
        Needle.spellings(of: SHA256.hash(Array("\(model):\(prompt)".utf8)), "prompt digest")
    }

    var status: JSONValue {
        get throws { try client.json("GET", "/v1/inference/task/" + jobID) }
    }

    var isAccepted: Bool { (try? status["status"]?.text) == "ACCEPTED" }

    /// The answer, read as its user, and the key it was encrypted under.
    func read() throws -> (answer: String, outputKey: [UInt8]) {
        let status = try self.status
        let halves = try ["high", "low"].map { half in
            try cofhe.decrypt(
                try #require(status["encrypted_output_key_" + half]?.text.flatMap { HandleText.parse(decimal: $0) }))
        }
        let blob = try client.download(try status.requireText("output_cid"))
        let key = halves[0] + halves[1]
        return (String(decoding: try Blob.open(blob, key: key), as: UTF8.self), key)
    }
}
