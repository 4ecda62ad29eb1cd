internal import CoFHE
internal import Coordination
internal import Ethereum
internal import Shared

/// What a leader has made: the CID of its encrypted answer, and the encrypted halves of that answer's key.
struct LeaderOutput {
    let cid: String
    let halves: InputVerifier.Halves

    init(cid: String, halves: InputVerifier.Halves) {
        self.cid = cid
        self.halves = halves
    }

    /// Nil for what no node wrote.
    init?(_ bytes: [UInt8]) {
        guard let json = try? JSONValue(parsing: bytes), let cid = json["cid"]?.text,
            let high = json["high"].flatMap(PromptKeyStoreContract.Input.init(json:)),
            let low = json["low"].flatMap(PromptKeyStoreContract.Input.init(json:))
        else { return nil }
        self.init(cid: cid, halves: (high, low))
    }

    var encoded: [UInt8] {
        let json: JSONValue = ["cid": .string(cid), "high": halves.high.json, "low": halves.low.json]
        return json.encoded()
    }
}

extension PromptKeyStoreContract.Input {
    fileprivate init?(json: JSONValue) {
        guard let handle = json["handle"]?.text.flatMap(Hexadecimal.decode).flatMap(Word.init(bytes:)),
            let signature = json["signature"]?.text.flatMap(Hexadecimal.decode)
        else { return nil }
        self.init(handle: handle, signature: signature)
    }

    fileprivate var json: JSONValue {
        [
            "handle": .string(Hexadecimal.encode(handle.bytes)), "signature": .string(Hexadecimal.encode(signature)),
        ]
    }
}

extension JournalEntry {
    /// Turns what a leader has made into the request that will be sent.
    ///
    /// - Parameter stored: what put the key on chain; nil where the coordinator is to do that.
    mutating func makeSubmission(from output: LeaderOutput, stored: Receipt?) throws(JobFailure) {
        guard let innerHash else { throw .journalUnavailable }
        let hash = Commitment.hash(cid: output.cid, innerHash: innerHash)
        let high = ResultSubmission.KeyInput(output.halves.high)
        let low = ResultSubmission.KeyInput(output.halves.low)
        // The network knows what was stored by another name than what was given.
        let names = stored == nil ? (high.handle, low.handle) : (high.storedHandle, low.storedHandle)
        let request = ResultSubmission(
            job: id, outputCID: output.cid, commitment: hash, keyHigh: names.0, keyLow: names.1,
            inputs: (high: high, low: low), storeTransaction: stored?.transaction)
        guard let request else { throw .encryptionFailed }
        commitment = hash
        submission = request.body
        self.output = nil
    }
}

extension ResultSubmission.KeyInput {
    fileprivate init(_ input: PromptKeyStoreContract.Input) {
        self.init(handle: CiphertextHandle(input.handle), signature: input.signature)
    }

    fileprivate var storedHandle: CiphertextHandle {
        CiphertextHandle(PromptKeyStoreContract.Input(handle: handle.word, signature: []).storedHandle)
    }
}

extension CiphertextHandle {
    // Both have 32 bytes.
    fileprivate init(_ word: Word) { self = CiphertextHandle(bytes: word.bytes) ?? .zero }
}
