import DevnetCore
import Ethereum
import Shared
import Testing

@Suite struct PermitTests {
    private let bench = Bench()
    private let owner: PrivateKey
    private let handle: Word
    private let value = ToyCrypto.random(16)
    private let sealing: (secret: [UInt8], publicKey: [UInt8])

    init() throws {
        owner = try PrivateKey.generate()
        handle = try #require(bench.devnet.vault.store(value, owner: owner.address))
        sealing = try ToyCrypto.x25519KeyPair()
    }

    private func decrypt(_ permit: JSONValue) throws -> JSONValue {
        let answer = try bench.call(
            "POST", "/cofhe",
            body: JSONValue.object([
                .init("jsonrpc", "2.0"), .init("id", 7), .init("method", "cofhe_decryptForView"),
                .init("params", [.string(HandleText.hexadecimal(handle)), permit]),
            ]).encoded())
        #expect(answer.status == 200)
        #expect(answer.body["id"]?.int == 7)
        return answer.body
    }

    private func permit(_ key: PrivateKey, lifetime: Int = 3600, issuer: Address? = nil) -> JSONValue {
        let expiration = Int(bench.now) + lifetime
        let issuer = issuer ?? key.address
        let digest = SealingPermit.digest(issuer: issuer, expiration: expiration, sealingKey: sealing.publicKey)
        return [
            "issuer": .string(issuer.checksummed), "expiration": .integer(expiration),
            "sealingKey": .string("0x" + Hexadecimal.encode(sealing.publicKey)),
            "signature": .string(key.sign(digest: digest).hexadecimal),
        ]
    }

    @Test func `digest, signature and sealing are the published node's`() throws {
        let vector = try vectors("python-dialect.json")
        let key = try privateKey(vector.requireText("issuerPrivateKey"))
        let sealingKey = try #require(Hexadecimal.decode(vector.requireText("sealingKey")))
        let digest = SealingPermit.digest(
            issuer: key.address, expiration: try vector.requireInt("expiration"), sealingKey: sealingKey)
        #expect(try "0x" + Hexadecimal.encode(digest) == vector.requireText("permitDigest"))
        #expect(try key.sign(digest: digest).hexadecimal == vector.requireText("permitSignature"))
        let secret = try #require(Hexadecimal.decode(vector.requireText("sealingSecret")))
        #expect(try ToyCrypto.x25519PublicKey(of: secret) == sealingKey)
        let opened = try SealedValue.open(
            try #require(Hexadecimal.decode(vector.requireText("sealedValue"))), secret: secret)
        #expect(try HandleText.decimal(try #require(Word(bytes: opened))) == vector.requireText("value"))
    }

    @Test func `a sealed value opens with the matching secret only`() throws {
        let sealed = try #require(
            Hexadecimal.decode(decrypt(permit(owner))["result"]?["sealedValue"]?.text ?? "-"))
        #expect(sealed.count == 32 + 12 + 16 + 16)
        #expect(try SealedValue.open(sealed, secret: sealing.secret) == value)
        let other = try ToyCrypto.x25519KeyPair()
        #expect(throws: ToyCrypto.Failure.self) { try SealedValue.open(sealed, secret: other.secret) }
        #expect(bench.violations.isEmpty)
    }

    @Test func `a permit signed by another key is refused`() throws {
        #expect(try decrypt(permit(PrivateKey.generate(), issuer: owner.address))["error"] != nil)
        #expect(bench.violations == [.permitSignatureWrong])
    }

    @Test func `an expired permit is refused`() throws {
        #expect(try decrypt(permit(owner, lifetime: -1))["error"] != nil)
        #expect(bench.violations == [.permitExpired])
    }

    @Test func `an issuer who may not read the handle is refused`() throws {
        let stranger = try PrivateKey.generate()
        #expect(try decrypt(permit(stranger))["error"] != nil)
        #expect(bench.violations == [.permitNotAllowed])
        bench.devnet.vault.allow([stranger.address], handle)
        #expect(try decrypt(permit(stranger))["result"] != nil)
    }

    @Test func `a permit with text for its expiration or a short key is malformed`() throws {
        for (key, wrong) in [("expiration", JSONValue.string("1900000000")), ("sealingKey", "0x01")] {
            guard case .object(let members) = permit(owner) else { return }
            #expect(try decrypt(.object(members.replacing(key, wrong)))["error"]?["code"]?.int == -32602)
        }
        #expect(bench.violations == [.permitMalformed, .permitMalformed])
    }

    @Test func `encrypt takes Python's hex and its handles end like real ones`() throws {
        let text =
            #"{"jsonrpc": "2.0", "id": 1, "method": "cofhe_encrypt", "params": ["0x1f", "uint128", ""#
            + owner.address.checksummed + #""]}"#
        let answer = try bench.call("POST", "/cofhe", body: Array(text.utf8)).body
        let handle = try #require(HandleText.parse(hexadecimal: answer["result"]?["handle"]?.text ?? ""))
        #expect(Array(handle.bytes.suffix(2)) == [0x06, 0x00])
        #expect(bench.devnet.vault.contains(handle))
        let calls = bench.devnet.ledger.calls(of: owner.address.checksummed)
        #expect(calls["cofhe_encrypt"] == 1)
    }

    @Test func `an unknown method is an error object under HTTP 200`() throws {
        let body: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": "cofhe_guess", "params": []]
        let answer = try bench.call("POST", "/cofhe", body: body.encoded())
        #expect(answer.status == 200)
        #expect(answer.body["error"]?["code"]?.int == -32601)
        #expect(bench.violations == [.methodUnknown])
    }

    @Test func `handles keep their digits in both spellings`() throws {
        for text in ["0", "9", "10", "1537", String(repeating: "9", count: 77)] {
            let word = try #require(HandleText.parse(decimal: text))
            #expect(HandleText.decimal(word) == text)
            #expect(HandleText.parse(hexadecimal: HandleText.hexadecimal(word)) == word)
        }
        #expect(HandleText.parse(decimal: "01") == nil)
        #expect(HandleText.parse(hexadecimal: "ff") == nil)
    }
}
