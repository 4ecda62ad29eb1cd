package import Ethereum
internal import Shared

/// CoFHE from a client's side, for the toy's own user and scripted nodes: the python dialect, and for decryption the
/// network's own protocol where there is a chain.
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
        if let domain = try nativeDomain() { return try decrypt(handle, domain, now) }
        let permit = SealingPermit(issuedBy: key, expiration: Int(now) + 3600, sealingKey: sealing.publicKey)
        let result = try call("cofhe_decryptForView", [.string(HandleText.hexadecimal(handle)), permit.json])
        guard let sealed = result["sealedValue"]?.text.flatMap({ Hexadecimal.decode($0) }) else {
            throw Failure.malformedAnswer
        }
        return try SealedValue.open(sealed, secret: sealing.secret)
    }

    /// What permits are signed for; nil on a network without a chain.
    private func nativeDomain() throws -> NativePermit.Domain? {
        guard let found = try? client.json("GET", "/dev/cofhe") else { return nil }
        return try NativePermit.Domain(found)
    }

    private func decrypt(_ handle: Word, _ domain: NativePermit.Domain, _ now: Double) throws -> [UInt8] {
        let permit = NativePermit.member(
            by: key, expiration: UInt64(now) + 3600, sealingKey: sealing.publicKey, handles: [handle],
            revokerData: domain.revoker == .zero ? 0 : UInt64(now) - 60, domain: domain)
        var answer = try client.json(
            "POST", "/v2/sealoutput",
            .object([
                .init("ct_tempkey", .string(Hexadecimal.encode(handle.bytes))),
                .init("host_chain_id", .integer(domain.chainID)), permit,
            ]))
        while answer["sealed"] == nil, answer["sealed_data"] == nil {
            Pause.milliseconds(20)
            answer = try client.json("GET", "/v2/sealoutput/" + (try answer.requireText("request_id")))
        }
        let sealed = answer["sealed"] ?? answer
        func octets(_ names: String...) throws -> [UInt8] {
            let elements = names.lazy.compactMap { sealed[$0]?.elements }.first ?? []
            return elements.compactMap { $0.int.flatMap { UInt8(exactly: $0) } }
        }
        let box = ToyCrypto.SealedBox(
            data: try octets("data", "sealed_data"), publicKey: try octets("public_key", "ephemeral_public_key"),
            nonce: try octets("nonce"))
        return try ToyCrypto.open(box, secret: sealing.secret)
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
