import DevnetCore
import Ethereum
import Shared
import TestChain
import Testing

/// What the devnet's threshold network asks of a permit before it seals anything.
@Suite(.serialized) struct NativePermitTests {
    /// cofhe-vectors.json, whose signatures eth-account made.
    @Test(arguments: [("1", "permit_v2_self", "permission_json"), ("2", "acp_self_scope_handles", "acp_json")])
    func `a permit of its own is the vectors'`(version: String, section: String, member: String) throws {
        let all = try vectors("cofhe-vectors.json", directory: "Vectors")
        let fixtures = try #require(all["fixtures"])
        let domain = NativePermit.Domain(
            chainID: 421_614, accessControl: try Address(fixtures.requireText("acl_placeholder")), version: version)
        let handles = try ["handle_high", "handle_low"].map { name in
            try #require(HandleText.parse(hexadecimal: fixtures.requireText(name)))
        }
        let permit = try NativePermit.member(
            by: privateKey(fixtures.requireText("issuer_private_key")), expiration: 1_900_000_000,
            sealingKey: try #require(Hexadecimal.decode(fixtures.requireText("sealing_public_key_hex"))),
            handles: handles, domain: domain)
        let expected = try #require(all[section]?[member])
        #expect(permit.value["issuerSignature"]?.text == expected["issuerSignature"]?.text)
        for name in ["issuer", "expiration", "recipient", "sealingKey", "recipientSignature"] {
            #expect(permit.value[name] == expected[name], "\(name)")
        }
    }

    @Test(arguments: ["a", "b"])
    func `a good permit has its own half sealed to its key, and signed`(generation: String) async throws {
        let network = try await Network(generation)
        let answer = try network.ask()
        #expect(answer.status == 200, "\(answer.body)")
        func bytes(_ name: String) -> [UInt8] { answer.body[name]?.elements?.compactMap { UInt8($0.int ?? -1) } ?? [] }
        let box = ToyCrypto.SealedBox(
            data: bytes("sealed_data"), publicKey: bytes("ephemeral_public_key"), nonce: bytes("nonce"))
        let value = try ToyCrypto.open(box, secret: network.sealing.secret)
        #expect(value == Array(network.key[..<16]))
        let digest = Keccak256.hash(
            box.data + box.publicKey + box.nonce + [0, 0, 0, 6, 0, 0, 0, 0, 0, 6, 0x6e, 0xee] + network.high.bytes)
        let signature = try Signature(hexadecimal: "0x" + answer.body.requireText("signature"))
        // The address of the vectors' key, which the chain names as well.
        #expect(
            try signature.recoverAddress(digest: digest).checksummed == "0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1")
        #expect(network.bench.violations.isEmpty)
    }

    @Test(arguments: ["a", "b"])
    func `a permit that is not its issuer's, for here, for now and for this key is refused`(
        generation: String
    ) async throws {
        let network = try await Network(generation)
        let stranger = try PrivateKey.generate()
        var elsewhere: [NativePermit.Domain] = []
        let (chain, contract, version) = (network.domain.chainID, network.domain.accessControl, network.domain.version)
        elsewhere.append(.init(chainID: chain + 1, accessControl: contract, version: version))
        elsewhere.append(.init(chainID: chain, accessControl: stranger.address, version: version))
        let invalid = Expected(401, "invalid", .permitSignatureWrong)
        for domain in elsewhere { try network.expect(invalid, network.permit(domain: domain)) }
        let issuer = JSONValue.string(network.node.address.checksummed)
        try network.expect(invalid, network.permit(by: stranger), replacing: ["issuer": issuer])
        let otherKey = "0x" + Hexadecimal.encode(try ToyCrypto.x25519KeyPair().publicKey)
        try network.expect(invalid, network.permit(), replacing: ["sealingKey": .string(otherKey)])
        try network.expect(invalid, network.permit(), replacing: ["expiration": .integer(Int(Bench.time) + 601)])
        try network.expect(
            Expected(401, "expired", .permitExpired), network.permit(expiration: UInt64(Bench.time)))
        // Well signed, by somebody to whom the chain has given nothing.
        try network.expect(Expected(401, "denied", .permitNotAllowed), network.permit(by: stranger))
        if generation == "b" {
            try network.expect(invalid, network.permit(), replacing: ["handles": [.string(network.text(network.low))]])
            // Signed for the other half alone.
            try network.expect(
                Expected(401, "denied", .permitNotAllowed), network.permit(handles: [network.low]))
        }
    }

    @Test(arguments: ["a", "b"])
    func `a permit of another form is malformed, and one of the other generation is none`(
        generation: String
    ) async throws {
        let network = try await Network(generation)
        let malformed = Expected(400, "malformed", .permitMalformed)
        let somebody = JSONValue.string(network.node.address.checksummed)
        var bent: [(String, JSONValue)] = [
            ("recipient", somebody), ("recipientSignature", "0x00"), ("expiration", "1900000000"), ("expiration", 0),
            ("sealingKey", .string("0x" + String(repeating: "0", count: 64))), ("sealingKey", "0x01"),
            ("issuerSignature", "0x01"),
        ]
        bent +=
            generation == "a"
            ? [("validatorId", 1), ("validatorContract", somebody)]
            : [
                ("scope", 0), ("handles", []), ("handles", ["0x01"]), ("contracts", [somebody]), ("revokerData", 1),
                ("revokerContract", somebody),
            ]
        for (name, value) in bent { try network.expect(malformed, network.permit(), replacing: [name: value]) }
        let lowercase = JSONValue.string(network.node.address.checksummed.lowercased())
        try network.expect(
            Expected(400, "malformed", .addressNotChecksummed), network.permit(), replacing: ["issuer": lowercase])
        let other = NativePermit.Domain(
            chainID: network.domain.chainID, accessControl: network.domain.accessControl,
            version: generation == "a" ? "2" : "1")
        try network.expect(Expected(400, "required", .permitMalformed), network.permit(domain: other))
    }

    @Test func `a permit that can be taken back is good until its issuer does`() async throws {
        let network = try await Network("c")
        func permit(_ id: UInt64) -> JSONValue.Member { network.permit(revokerData: id) }
        let now = UInt64(Bench.time)
        #expect(try network.ask(permit(now)).status == 200 && network.ask(permit(now - 1)).status == 200)
        try network.expect(Expected(400, "malformed", .permitMalformed), permit(0))
        let nobody = JSONValue.string(Address.zero.checksummed)
        try network.expect(
            Expected(400, "malformed", .permitMalformed), permit(now), replacing: ["revokerContract": nobody])
        try network.expect(
            Expected(401, "invalid", .permitSignatureWrong), permit(now), replacing: ["revokerData": .integer(now - 1)])
        let denied = Expected(401, "denied", .permitNotAllowed)
        // Of a time to come.
        try network.expect(denied, permit(now << 1))
        try await network.revoke("revokeSingle(uint256)", .uint(Word(now)))
        try network.expect(denied, permit(now))
        #expect(try network.ask(permit(now - 1)).status == 200)
        try await network.revoke("revokeAllExisting()")
        try network.expect(denied, permit(now - 1))
    }

    @Test func `a request for another chain, or with a handle in another spelling, is refused`() async throws {
        let network = try await Network("a")
        for (name, value) in [
            ("host_chain_id", JSONValue.integer(1)), ("ct_tempkey", .string(network.text(network.high))),
        ] {
            let answer = try network.ask(replacing: [name: value])
            #expect(answer.status == 400, "\(name): \(answer.body)")
        }
        #expect(network.bench.violations == [.callMalformed, .callMalformed])
    }

    @Test func `keys are those of a security zone, and JSON that is not called so is noted`() async throws {
        let bench = try await Network("a").bench
        let (good, plain) = (Array(#"{"securityZone":0}"#.utf8), [("Content-Type", "text/plain")])
        for path in ["/GetNetworkPublicKey", "/GetCrs"] {
            #expect(try bench.call("POST", path, body: good).status == 200)
            for body in ["{}", #"{"securityZone":1}"#, ""] {
                #expect(try bench.call("POST", path, body: Array(body.utf8)).status == 400)
            }
        }
        #expect(bench.violations == Array(repeating: .callMalformed, count: 6))
        let paths = ["/GetNetworkPublicKey", "/GetCrs", "/v2/sealoutput", "/verify", "/verifyBatch", "/cofhe"]
        for path in paths { _ = try bench.call("POST", path, headers: plain, body: good) }
        let key = try PrivateKey.generate()
        let signed = CallSignature.headers(key, body: good, time: bench.now)
        _ = try bench.call("POST", "/internal/heartbeat", headers: signed + plain, body: good)
        #expect(bench.violations.count { $0 == .contentTypeWrong } == paths.count + 1)
    }
}

private struct Expected {
    let status: Int
    /// Behind the permit's name in its generation.
    let code: String
    let violation: Violation

    init(_ status: Int, _ code: String, _ violation: Violation) {
        (self.status, self.code, self.violation) = (status, code, violation)
    }
}

/// A devnet whose chain has given one node the two halves of a job's key.
private struct Network {
    let bench: Bench
    let domain: NativePermit.Domain
    let node: PrivateKey
    let key = ToyCrypto.random(32)
    let (high, low): (Word, Word)
    let sealing: (secret: [UInt8], publicKey: [UInt8])
    private let chain: TestChain

    init(_ generation: String) async throws {
        chain = try await TestChain(cofhe: generation)
        let reader = try ChainReader(url: chain.url, keyStore: Address(try #require(chain.contracts["PromptKeyStore"])))
        bench = Bench { $0.chain = reader }
        // For whom the chain itself signs as well.
        node = try bench.attestedNode(privateKey("0x" + Hexadecimal.encode(Keccak256.hash(Array("devchain/icl".utf8)))))
        let job = try bench.job([node], key: key)
        domain = try NativePermit.Domain(bench.call("GET", "/dev/cofhe").body)
        let pending = try bench.signed(node, "GET", "/internal/assignments/" + node.address.checksummed).body
        let assignment = try #require(pending["assignments"]?.elements?.first { $0["jobId"]?.text == job })
        high = try #require(HandleText.parse(decimal: assignment.requireText("kpHighHandle")))
        low = try #require(HandleText.parse(decimal: assignment.requireText("kpLowHandle")))
        sealing = try ToyCrypto.x25519KeyPair()
    }

    func text(_ handle: Word) -> String { "0x" + Hexadecimal.encode(handle.bytes) }

    func permit(
        by key: PrivateKey? = nil, expiration: UInt64 = UInt64(Bench.time) + 600, handles: [Word]? = nil,
        revokerData: UInt64 = 0, domain: NativePermit.Domain? = nil
    ) -> JSONValue.Member {
        NativePermit.member(
            by: key ?? node, expiration: expiration, sealingKey: sealing.publicKey, handles: handles ?? [high, low],
            revokerData: revokerData, domain: domain ?? self.domain)
    }

    /// Has the node call the revoker.
    func revoke(_ function: String, _ arguments: ABIValue...) async throws {
        let data = "0x" + Hexadecimal.encode(try ContractFunction(function).call(arguments))
        let (sender, revoker) = (node.address.checksummed, domain.revoker.checksummed)
        try await chain.ask(
            "eth_sendTransaction", ["from": .string(sender), "to": .string(revoker), "data": .string(data)])
    }

    /// Asks for the high half.
    func ask(
        _ permit: JSONValue.Member? = nil, replacing changes: [String: JSONValue] = [:]
    ) throws -> (status: Int, body: JSONValue) {
        let permit = permit ?? self.permit()
        var members: [JSONValue.Member] = [
            .init("ct_tempkey", .string(Hexadecimal.encode(high.bytes))),
            .init("host_chain_id", .integer(domain.chainID)),
        ]
        guard case .object(var terms) = permit.value else { return (0, .null) }
        for (name, value) in changes {
            (members, terms) = (members.replacing(name, value), terms.replacing(name, value))
        }
        return try bench.call(
            "POST", "/v2/sealoutput", body: JSONValue.object(members + [.init(permit.key, .object(terms))]).encoded())
    }

    func expect(
        _ expected: Expected, _ permit: JSONValue.Member, replacing changes: [String: JSONValue] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let before = bench.violations.count
        let answer = try ask(permit, replacing: changes)
        let code = (domain.version == "1" ? "permit_" : "acp_") + expected.code
        #expect(
            answer.status == expected.status && answer.body["error"]?.text == code, "\(changes): \(answer.body)",
            sourceLocation: sourceLocation)
        #expect(bench.violations.dropFirst(before) == [expected.violation], sourceLocation: sourceLocation)
    }
}
