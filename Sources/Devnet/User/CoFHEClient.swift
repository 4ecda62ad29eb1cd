package import Ethereum
internal import Shared

/// The python dialect from a client's side, for the toy's own user and scripted nodes.
package struct CoFHEClient: Sendable {
    package enum Failure: Error, Equatable {
        /// The JSON-RPC error's code and words.
        case refused(code: Int?, message: String)
        case malformedAnswer
    }

    package let client: LoopbackClient
    package let key: PrivateKey
    private let sealing: (secret: [UInt8], publicKey: [UInt8])

    package init(client: LoopbackClient, key: PrivateKey) throws {
        self.client = client
        self.key = key
        sealing = try ToyCrypto.x25519KeyPair()
    }

    /// Puts a 128-bit value behind a handle.
    package func encrypt(_ value: [UInt8]) throws -> Word {
        let word = Word(bytes: value)
        let parameters: [JSONValue] = [
            .string(word.map(HandleText.hexadecimal) ?? "0x0"), "uint128", .string(key.address.checksummed),
        ]
        let result = try call("cofhe_encrypt", parameters)
        guard let handle = result["handle"]?.text.flatMap(HandleText.parse(hexadecimal:)) else {
            throw Failure.malformedAnswer
        }
        return handle
    }

    /// The 16 bytes behind a handle, under a fresh permit of an hour.
    package func decrypt(_ handle: Word, now: Double = DevClock.system()) throws -> [UInt8] {
        let permit = SealingPermit(issuedBy: key, expiration: Int(now) + 3600, sealingKey: sealing.publicKey)
        let result = try call("cofhe_decryptForView", [.string(HandleText.hexadecimal(handle)), permit.json])
        guard let sealed = result["sealedValue"]?.text.flatMap({ Hexadecimal.decode($0) }) else {
            throw Failure.malformedAnswer
        }
        return try SealedValue.open(sealed, secret: sealing.secret)
    }

    private func call(_ method: String, _ parameters: [JSONValue]) throws -> JSONValue {
        let body: JSONValue = [
            "jsonrpc": "2.0", "id": 1, "method": .string(method), "params": .array(parameters),
        ]
        let answer = try client.json("POST", "/cofhe", body)
        if let error = answer["error"] {
            throw Failure.refused(code: error["code"]?.int, message: error["message"]?.text ?? "")
        }
        guard let result = answer["result"] else { throw Failure.malformedAnswer }
        return result
    }
}
