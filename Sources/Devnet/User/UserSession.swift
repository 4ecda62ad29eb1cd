internal import ContentStore
internal import Ethereum
package import Shared

/// What a user's program does: encrypts a prompt, asks for an answer, waits for the quorum, reads the answer.
package final class UserSession: Sendable {
    package enum Failure: Error, Equatable {
        /// Too few operators were active until the deadline; the devnet's words.
        case notDrawn(String)
        /// No decision until the deadline.
        case undecided
        /// Accepted, but the answer cannot be read.
        case unreadable
    }

    /// A request that the coordinator took.
    package struct Request: Sendable {
        package let jobID: String
        package let requestID: String
        package let promptCID: String
        package let leader: String
        package let verifiers: [String]
    }

    /// Who serves a job. Without pins, the devnet draws.
    package struct Quorum: Sendable {
        package var verifiers: Int
        package var leader: String?
        package var verifierAddresses: [String]?

        package init(verifiers: Int, leader: String? = nil, verifierAddresses: [String]? = nil) {
            self.verifiers = verifiers
            self.leader = leader
            self.verifierAddresses = verifierAddresses
        }
    }

    private let client: LoopbackClient
    private let key: PrivateKey
    private let cofhe: CoFHEClient

    package init(client: LoopbackClient) throws {
        self.client = client
        key = try PrivateKey.generate()
        cofhe = try CoFHEClient(client: client, key: key)
    }

    /// A prompt under a fresh key: its blob uploaded, its key's halves behind handles.
    package struct Sealed: Sendable {
        let promptCID: String
        let high: Word
        let low: Word
    }

    package func seal(_ prompt: [UInt8]) throws -> Sealed {
        let aesKey = ToyCrypto.random(32)
        let blob = try Blob.seal(prompt, key: aesKey)
        return Sealed(
            promptCID: try client.upload(blob), high: try cofhe.encrypt(Array(aesKey[..<16])),
            low: try cofhe.encrypt(Array(aesKey[16...])))
    }

    /// Creates the request. While too few operators are active it is tried again until `deadline` (Unix seconds).
    package func submit(
        _ sealed: Sealed, model: String, quorum: Quorum, deadline: Double, waiting: (String) -> Void = { _ in }
    ) throws -> Request {
        var body: [JSONValue.Member] = [
            .init("modelId", .string(model)), .init("promptCid", .string(sealed.promptCID)),
            .init("kpHighHandle", .string(HandleText.decimal(sealed.high))),
            .init("kpLowHandle", .string(HandleText.decimal(sealed.low))),
            .init("userAddress", .string(key.address.checksummed)), .init("verifiers", .integer(quorum.verifiers)),
        ]
        if let leader = quorum.leader { body.append(.init("leader", .string(leader))) }
        if let addresses = quorum.verifierAddresses {
            body.append(.init("verifierAddresses", .array(addresses.map { .string($0) })))
        }
        while true {
            do {
                let answer = try client.json("POST", "/dev/submit", .object(body))
                return Request(
                    jobID: try answer.requireText("jobId"), requestID: try answer.requireText("requestId"),
                    promptCID: sealed.promptCID, leader: try answer.requireText("leader"),
                    verifiers: (answer["verifiers"]?.elements ?? []).compactMap(\.text))
            } catch LoopbackClient.Failure.status(503, let detail) {
                let words = detail ?? "no quorum"
                guard DevClock.system() < deadline else { throw Failure.notDrawn(words) }
                waiting(words)
                Pause.milliseconds(200)
            }
        }
    }

    /// Waits for the public status to be final.
    package func awaitDecision(_ request: Request, deadline: Double) throws -> JSONValue {
        let path = "/v1/inference/task/" + PercentCoding.encode(request.jobID)
        while true {
            let status = try client.json("GET", path)
            if status["status"]?.text != "QUEUED" { return status }
            guard DevClock.system() < deadline else { throw Failure.undecided }
            Pause.milliseconds(25)
        }
    }

    /// Decrypts the output key as the user, then the output.
    package func read(_ status: JSONValue) throws -> [UInt8] {
        // An invented CID is no reason to ask a gateway for it.
        guard let cid = status["output_cid"]?.text, (try? CID(cid)) != nil, let high = handle(status, "high"),
            let low = handle(status, "low")
        else { throw Failure.unreadable }
        do {
            let aesKey = try cofhe.decrypt(high) + cofhe.decrypt(low)
            return try Blob.open(try client.download(cid), key: aesKey)
        } catch { throw Failure.unreadable }
    }

    /// Who did what, as the devnet saw it.
    package func details(_ request: Request) throws -> JSONValue {
        try client.json("GET", "/dev/jobs/" + PercentCoding.encode(request.jobID))
    }

    private func handle(_ status: JSONValue, _ half: String) -> Word? {
        status["encrypted_output_key_" + half]?.text.flatMap { HandleText.parse(decimal: $0) }
    }
}
