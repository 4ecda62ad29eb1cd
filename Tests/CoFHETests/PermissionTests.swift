import Ethereum
import Shared
import Testing

@testable import CoFHE

@Suite("Permits")
struct PermissionTests {
    private func permission(_ generation: Deployment.Generation) throws -> Permission {
        let handles = try Vectors.handles()
        let terms = Permission.Terms(
            issuer: try Vectors.issuer().address, expiration: Vectors.expiration,
            sealingKey: try Vectors.bytes("sealing_public_key_hex"), handles: [handles.high.bytes, handles.low.bytes],
            revokerData: 0)
        return try Permission(
            terms, on: try Deployment(generation), chainID: Vectors.chain, wallet: try Vectors.issuer())
    }

    private static let own: [(section: String, generation: Deployment.Generation)] = [
        ("permit_v2_self", .a), ("acp_self_scope_handles", .b), ("acp_self_scope_handles", .c),
    ]

    @Test("digest, signature and body are the vectors', in every generation", arguments: own.indices)
    func vectors(index: Int) throws {
        let (section, generation) = Self.own[index]
        let vector = try Vectors.section(section)
        let permission = try permission(generation)
        let data = Permission.typedData(permission.terms, permission.deployment, Vectors.chain)
        #expect(try "0x" + Hexadecimal.encode(data.domainSeparator()) == vector["domain_separator"]?.text)
        #expect(try "0x" + Hexadecimal.encode(data.digest()) == vector["digest"]?.text)
        #expect(try data.encodeType(data.primaryType) == vector["type_string"]?.text)
        #expect(permission.signature.hexadecimal == vector["signature"]?.text)
        let body = try vector.require("sealoutput_request_body") { $0 }
        #expect(JSONValue.object([permission.member])[permission.member.key] == body[permission.member.key])
    }

    @Test("a permit of a sharer and of a recipient have the vectors' digests")
    func others() throws {
        let (issuer, recipient) = (try Vectors.issuer(), try Vectors.issuer("recipient_private_key"))
        let domain: [String: EIP712.Value] = [
            "name": .string("ACL"), "version": .string("1"), "chainId": .uint(Word(Vectors.chain)),
            "verifyingContract": .address(try Vectors.accessControl()),
        ]
        let shared = TypedData(
            types: [
                EIP712.domainType: EIP712.standardDomain,
                "PermissionedV2IssuerShared": [
                    .init("issuer", "address"), .init("expiration", "uint64"), .init("recipient", "address"),
                    .init("validatorId", "uint256"), .init("validatorContract", "address"),
                ],
            ], primaryType: "PermissionedV2IssuerShared", domain: domain,
            message: [
                "issuer": .address(issuer.address), "expiration": .uint(Word(Vectors.expiration)),
                "recipient": .address(recipient.address), "validatorId": .uint(Word(0)),
                "validatorContract": .address(.zero),
            ])
        let sharing = try Vectors.section("permit_v2_sharing")
        let signature = issuer.sign(digest: try shared.digest())
        #expect(signature.hexadecimal == sharing["signature"]?.text)
        let received = TypedData(
            types: [
                EIP712.domainType: EIP712.standardDomain,
                "PermissionedV2Recipient": [.init("sealingKey", "bytes32"), .init("issuerSignature", "bytes")],
            ], primaryType: "PermissionedV2Recipient", domain: domain,
            message: [
                "sealingKey": .bytes(try Vectors.bytes("recipient_sealing_public_key_hex")),
                "issuerSignature": .bytes(signature.bytes),
            ])
        #expect(
            try recipient.sign(digest: received.digest()).hexadecimal
                == Vectors.section("permit_v2_recipient")["signature"]?.text)
    }

    @Test("the TaskManager is asked with the vectors' bytes")
    func calldata() throws {
        let bare = try ContractFunction("isAllowed(uint256,address)").call([
            .uint(try Vectors.handles().high.word), .address(try Vectors.issuer().address),
        ])
        let sample = try Vectors.section("calldata_samples")["isAllowed(handle_high, issuer)"]?.text
        #expect("0x" + Hexadecimal.encode(bare) == sample)
    }

    @Test("the chain is asked about a permit with the vectors' bytes", arguments: own.indices)
    func question(index: Int) async throws {
        let generation = Self.own[index].generation
        let chain = try FakeChain()
        let manager = TaskManagerContract(Contract(Deployment.fixedTaskManager, try chain.rpc))
        let argument = try permission(generation).argument
        #expect(try await !manager.isAllowed(Vectors.handles().high.word, with: argument))
        let name = generation == .a ? "V2 self" : "ACP scope=handles"
        let sample = try Vectors.section("calldata_samples")["isAllowedWithPermission(\(name), handle_high)"]?.text
        #expect(chain.questions.last?.contains("\"\(try #require(sample))\"") == true)
    }

    @Test("the names of the revoker and of the creation are signed, where the chain has a revoker")
    func revoker() throws {
        let deployment = try Deployment(.b, revoker: Address("0x00000000000000000000000000000000000000be"))
        let gate = try Vectors.gate()
        gate.assign(try Vectors.handles(), to: "job")
        let permission = try gate.permission(
            for: try Vectors.handles(), of: "job", to: try Vectors.bytes("sealing_public_key_hex"), on: deployment,
            by: try Vectors.issuer(), at: 1_800_000_000)
        #expect(permission.terms.revokerData == 1_799_999_940)
        #expect(permission.terms.expiration == 1_800_000_600)
        let member = JSONValue.object([permission.member])["acp"]
        #expect(member?["revokerContract"]?.text == Address.known(0xbe).checksummed)
        #expect(member?["revokerData"] == 1_799_999_940 && member?["scope"] == 2)
        #expect(member?["handles"]?.elements?.count == 2)
        let signed = Permission.typedData(permission.terms, deployment, Vectors.chain).message
        #expect(signed["revokerContract"] == .address(.known(0xbe)))
        #expect(signed["revokerData"] == .uint(Word(1_799_999_940)))
    }

    @Test("no permit is signed but for the two handles of an assigned job, to a key that is one")
    func gate() throws {
        let gate = try Vectors.gate()
        let (handles, key) = (try Vectors.handles(), try Vectors.bytes("sealing_public_key_hex"))
        func asked(_ handles: KeyHandles, _ job: String, _ key: [UInt8]) throws {
            _ = try gate.permission(
                for: handles, of: job, to: key, on: try Deployment(.a),
                by: try Vectors.issuer(), at: 1)
        }
        #expect(throws: ThresholdError.permitNotSigned) { try asked(handles, "job", key) }
        gate.assign(handles, to: "job")
        try asked(handles, "job", key)
        #expect(throws: ThresholdError.permitNotSigned) { try asked(handles, "another", key) }
        let swapped = KeyHandles(high: handles.low, low: handles.high)
        #expect(throws: ThresholdError.permitNotSigned) { try asked(swapped, "job", key) }
        for bad in [[UInt8](repeating: 0, count: 32), Array(key.dropLast()), key + [1]] {
            #expect(throws: ThresholdError.permitNotSigned) { try asked(handles, "job", bad) }
        }
        // Nor in another's name, nor for a domain that is nobody's.
        #expect(throws: ThresholdError.permitNotSigned) {
            try gate.permission(
                for: handles, of: "job", to: key, on: Deployment(.a), by: Vectors.issuer("recipient_private_key"), at: 1
            )
        }
        let nowhere = try Deployment(.a, accessControl: .zero)
        #expect(throws: ThresholdError.permitNotSigned) {
            try gate.permission(for: handles, of: "job", to: key, on: nowhere, by: Vectors.issuer(), at: 1)
        }
        gate.release("job")
        #expect(throws: ThresholdError.permitNotSigned) { try asked(handles, "job", key) }
    }
}

extension Deployment {
    init(
        _ generation: Generation, signer: Address? = nil, revoker: Address? = nil, accessControl: Address? = nil
    ) throws {
        self.init(
            generation: generation, taskManager: Deployment.fixedTaskManager,
            accessControl: try accessControl ?? Vectors.accessControl(), resultSigner: signer, verifierSigner: nil,
            revoker: revoker)
    }
}
