import Foundation
import DevnetCore
import Ethereum
import Shared
import TestNetwork

/// A user's question to a devnet, honest or bent in one place.
struct Ask {
    enum Bend {
        case none
        /// One bit of the ciphertext differs; the blob has a valid CID of its own.
        case flippedBit
        /// The blob ends before its tag does.
        case truncated
        /// The handles hold another key.
        case otherKey
        /// The blob was never stored.
        case notStored
        case handlesZero
        case handlesMissing
    }

    private let network: TestNetwork
    private let model: String
    private let prompt: [UInt8]
    private let bend: Bend
    /// Nil for somebody new at every question.
    private let user: PrivateKey?
    /// Nil for an id of the coordinator's.
    private let job: String?

    init(
        _ network: TestNetwork, model: String = "mock", prompt: String = "Why?", by user: PrivateKey? = nil,
        job: String? = nil, _ bend: Bend = .none
    ) {
        self.init(network, model: model, prompt: Array(prompt.utf8), by: user, job: job, bend)
    }

    init(
        _ network: TestNetwork, model: String = "mock", prompt: [UInt8], by user: PrivateKey? = nil,
        job: String? = nil, _ bend: Bend = .none
    ) {
        self.user = user
        self.job = job
        self.network = network
        self.model = model
        self.prompt = prompt
        self.bend = bend
    }

    /// A job that `leader` leads; without verifiers its result alone decides. The job's id.
    func submit(to leader: TestNode, verifiers: [TestNode] = []) throws -> String {
        let client = try network.client
        let user = try self.user ?? PrivateKey.generate()
        let aesKey = ToyCrypto.random(32)
        var blob = try Blob.seal(prompt, key: aesKey)
        switch bend {
        case .flippedBit: blob[blob.count - 1] ^= 1
        case .truncated: blob.removeLast(blob.count - 20)
        default: break
        }
        // A CID of the IPFS documentation: valid, and of nothing that the devnet holds.
        let cid = bend == .notStored ? "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG" : try client.upload(blob)
        let stored = bend == .otherKey ? ToyCrypto.random(32) : aesKey
        var body: [JSONValue.Member] = [
            .init("modelId", .string(model)), .init("promptCid", .string(cid)),
            .init("userAddress", .string(user.address.checksummed)), .init("leader", .string(leader.address)),
            .init("verifiers", .integer(verifiers.count)),
            .init("verifierAddresses", .array(verifiers.map { .string($0.address) })),
        ]
        if let job { body.append(.init("jobId", .string(job))) }
        let cofhe = try CoFHEClient(client: client, key: user)
        for (name, half) in [("kpHighHandle", stored[..<16]), ("kpLowHandle", stored[16...])]
        where bend != .handlesMissing {
            let handle = bend == .handlesZero ? "0" : HandleText.decimal(try cofhe.encrypt(Array(half)))
            body.append(.init(name, .string(handle)))
        }
        return try client.json("POST", "/dev/submit", .object(body)).requireText("jobId")
    }
}

extension JSONValue {
    fileprivate func requireText(_ key: String) throws -> String {
        struct Missing: Error { let key: String }
        guard let text = self[key]?.text else { throw Missing(key: key) }
        return text
    }
}
