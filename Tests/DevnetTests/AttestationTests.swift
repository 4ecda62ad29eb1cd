import DevnetCore
import Ethereum
import Shared
import Testing

@Suite struct AttestationTests {
    @Test func `the mock quote of the vectors is what the toy expects`() throws {
        let vector = try #require(vectors("icl-samples.json", directory: "Vectors")["attestation_vector_mock"])
        let nonce = try #require(Hexadecimal.decode(try vector.requireText("nonce")))
        let quote = ToyCrypto.hmacSHA256(key: Array("weloveblindference".utf8), nonce)
        #expect(try Hexadecimal.encode(quote) == vector.requireText("quote"))
    }

    @Test func `a right quote earns a certificate of tier 0 and an entry in the directory`() throws {
        let bench = Bench()
        let key = try PrivateKey.generate()
        let challenge = try bench.challenge(key)
        let quote = ToyCrypto.hmacSHA256(key: Array("weloveblindference".utf8), challenge.nonce)
        let answer = try bench.attest(key, challenge: challenge.id, quote: quote)
        #expect(answer.status == 200)
        #expect(answer.body["certHash"]?.text?.utf8.count == 34)
        #expect(answer.body["expiry"]?.int == Int(Bench.time) + 86_400)
        #expect(answer.body["tier"]?.int == 0)
        let directory = try bench.call("GET", "/v1/nodes/active").body
        #expect(directory.elements?.first?["operator_address"]?.text == key.address.checksummed)
        #expect(bench.violations.isEmpty)
    }

    @Test func `a wrong quote is refused and uses the challenge up`() throws {
        let bench = Bench()
        let key = try PrivateKey.generate()
        let challenge = try bench.challenge(key)
        let right = ToyCrypto.hmacSHA256(key: Array("weloveblindference".utf8), challenge.nonce)
        #expect(try bench.attest(key, challenge: challenge.id, quote: challenge.nonce).status == 400)
        #expect(try bench.attest(key, challenge: challenge.id, quote: right).status == 400)
        #expect(bench.violations == [.quoteWrong, .challengeReplayed])
    }

    @Test func `a challenge serves once, for its address, for 300 s`() throws {
        let bench = Bench()
        let (key, thief) = (try PrivateKey.generate(), try PrivateKey.generate())
        let challenge = try bench.challenge(key)
        let quote = ToyCrypto.hmacSHA256(key: Array("weloveblindference".utf8), challenge.nonce)
        #expect(try bench.attest(thief, challenge: challenge.id, quote: quote).status == 400)
        #expect(try bench.attest(key, challenge: challenge.id, quote: quote).status == 200)
        #expect(try bench.attest(key, challenge: challenge.id, quote: quote).status == 400)
        let late = try bench.challenge(key)
        bench.devnet.clock.advance(by: 301)
        let lateQuote = ToyCrypto.hmacSHA256(key: Array("weloveblindference".utf8), late.nonce)
        #expect(try bench.attest(key, challenge: late.id, quote: lateQuote).status == 400)
        #expect(bench.violations == [.challengeUnknown, .challengeReplayed, .challengeExpired])
    }

    @Test func `assignments need an attested operator`() throws {
        let bench = Bench()
        let stranger = try PrivateKey.generate()
        #expect(
            try bench.signed(stranger, "GET", "/internal/assignments/" + stranger.address.checksummed).status == 401)
        #expect(bench.violations == [.notAttested])
        let node = try bench.attestedNode()
        let path = "/internal/assignments/" + node.address.checksummed
        #expect(try bench.signed(node, "GET", path).body["assignments"]?.elements == [])
        _ = try bench.control("/dev/forget", ["nodeAddress": .string(node.address.checksummed)])
        #expect(try bench.signed(node, "GET", path).status == 401)
        #expect(bench.violations == [.notAttested])
    }

    @Test func `a heartbeat whose timestamp is a number is refused`() throws {
        let bench = Bench()
        let node = try bench.attestedNode()
        let body: JSONValue = ["nodeAddress": .string(node.address.checksummed), "timestamp": 1_780_000_000]
        #expect(try bench.signed(node, "POST", "/internal/heartbeat", body).status == 400)
        #expect(bench.violations == [.fieldWrongType])
    }
}
