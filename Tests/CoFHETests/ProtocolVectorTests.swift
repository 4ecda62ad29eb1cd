import CoFHE
import Ethereum
import HTTPTransport
import Shared
import Testing

/// What the vectors hold beside permits, boxes and inputs: names of functions, calls, and digests of services that a node
/// does not use itself.
@Suite("Protocol vectors")
struct ProtocolVectorTests {
    @Test(
        "selectors and topics are the digests of the signatures beside them",
        arguments: [
            "selectors", "error_selectors", "event_topics0",
        ])
    func selectors(section: String) throws {
        guard case .object(let members) = try Vectors.section(section) else { return }
        #expect(members.count > 3)
        for member in members {
            let digest = "0x" + Hexadecimal.encode(Keccak256.hash(Array(member.key.utf8)))
            let text = try #require(member.value.text)
            #expect(
                digest.hasPrefix(text) && text.utf8.count == (section == "event_topics0" ? 66 : 10), "\(member.key)")
        }
    }

    @Test("a global ACP, a permit's local name and the checks of a permit have the vectors' digests and bytes")
    func permits() throws {
        let (issuer, key) = (try Vectors.issuer(), try Vectors.bytes("sealing_public_key_hex"))
        let global = try Vectors.section("acp_self_scope_global")
        let name = "ACPIssuerSelf"
        let fields = try #require(global["type_string"]?.text).dropFirst(name.count + 1).dropLast().split(
            separator: ","
        )
        .map { field in
            let words = field.split(separator: " ")
            return EIP712.Field(String(words[1]), String(words[0]))
        }
        let data = TypedData(
            types: [EIP712.domainType: EIP712.standardDomain, name: fields], primaryType: name,
            domain: [
                "name": .string("ACL"), "version": .string("2"), "chainId": .uint(Word(Vectors.chain)),
                "verifyingContract": .address(try Vectors.accessControl()),
            ],
            message: [
                "issuer": .address(issuer.address), "expiration": .uint(Word(Vectors.expiration)),
                "recipient": .address(.zero), "revokerData": .uint(Word(0)), "revokerContract": .address(.zero),
                "scope": .uint(Word(0)), "contracts": .array([]), "handles": .array([]), "sealingKey": .bytes(key),
            ])
        #expect(try "0x" + Hexadecimal.encode(data.digest()) == global["digest"]?.text)
        #expect(issuer.sign(digest: try data.digest()).hexadecimal == global["signature"]?.text)
        let types = try Vectors.section("acp_type_hashes")
        func typeHash(_ name: String, _ fields: [EIP712.Field]) throws -> String {
            let data = TypedData(types: [name: fields], primaryType: name, domain: [:], message: [:])
            return "0x" + Hexadecimal.encode(Keccak256.hash(Array(try data.encodeType(name).utf8)))
        }
        #expect(try typeHash(name, fields) == types[name]?.text)
        #expect(try typeHash("ACPIssuerShared", fields.dropLast()) == types["ACPIssuerShared"]?.text)
        let received = [EIP712.Field("sealingKey", "bytes32"), EIP712.Field("issuerSignature", "bytes")]
        #expect(try typeHash("ACPRecipient", received) == types["ACPRecipient"]?.text)
        let own = try Vectors.section("permit_v2_self")
        let preimage = Keccak256.hash(Array(try own.require("sdk_store_hash_preimage", \.text).utf8))
        #expect("0x" + Hexadecimal.encode(preimage) == own["sdk_store_hash"]?.text)
    }

    @Test("the published node's dialect is sent a permit with the vectors' signature")
    func dialect() async throws {
        let vector = try Vectors.section("reference_python_mode_not_real")
        let chain = try FakeChain()
        chain.network { _ in HTTPResponse(status: 400) }
        let dialect = JSONRPCDialect(
            endpoint: try ServiceURL(FakeChain.networkURL), client: chain, wallet: try Vectors.issuer(),
            chainID: Vectors.chain, now: { Vectors.expiration - 600 })
        await #expect(throws: ThresholdError.refused) {
            _ = try await dialect.sealedKey(
                try Vectors.handles(), of: "job", to: try Vectors.bytes("sealing_public_key_hex"), as: .hkdf)
        }
        #expect(chain.asked.count == 2)
        for request in chain.asked {
            let permit = try JSONValue(parsing: request.body)["params"]?.elements?[1]
            #expect(permit?["signature"] == vector["permit_signature"])
        }
    }

    @Test("calls with a permit of the first generation are the vectors' bytes")
    func calls() throws {
        let samples = try Vectors.section("calldata_samples")
        let own = try Vectors.section("permit_v2_self")
        let signature = try #require(own["signature"]?.text.flatMap(Hexadecimal.decode))
        let type = "(address,uint64,address,uint256,address,bytes32,bytes,bytes)"
        let permit = ABIValue.tuple([
            .address(try Vectors.issuer().address), .uint(Word(Vectors.expiration)), .address(.zero), .uint(Word(0)),
            .address(.zero), .bytes(try Vectors.bytes("sealing_public_key_hex")), .bytes(signature), .bytes([]),
        ])
        let check = try ContractFunction("checkPermitValidity(\(type))").call([permit])
        #expect("0x" + Hexadecimal.encode(check) == samples["checkPermitValidity(V2 self)"]?.text)
        let handle = try Vectors.handles().high.word
        let query = try ContractFunction("querySealOutput(uint256,uint256,\(type))").call([
            .uint(handle), .uint(Word(6)), permit,
        ])
        #expect("0x" + Hexadecimal.encode(query) == samples["mock querySealOutput(handle_high, 6, V2 self)"]?.text)
    }

    @Test("the signatures over decrypted values and over a mock's input are their signers'")
    func signatures() throws {
        let decrypted = try Vectors.section("decrypt_response_signature")
        let preimage = try #require(decrypted["preimage_hex"]?.text.flatMap(Hexadecimal.decode))
        #expect(preimage.count == 76)
        let digest = Keccak256.hash(preimage)
        #expect("0x" + Hexadecimal.encode(digest) == decrypted["digest"]?.text)
        let signature = try Signature(hexadecimal: try decrypted.require("signature_evm_v", \.text))
        #expect(try signature.recoverAddress(digest: digest).checksummed == decrypted["signer_address"]?.text)

        let mock = try Vectors.section("mock_encrypt")
        let statement =
            (try #require(mock["ctHash"]?.text.flatMap(Hexadecimal.decode))) + [6, 0]
            + (try Address(mock.require("user", \.text)).bytes) + Word(31337).bytes
        #expect("0x" + Hexadecimal.encode(Keccak256.hash(statement)) == mock["digest"]?.text)
        let mocked = try Signature(hexadecimal: try mock.require("signature", \.text))
        #expect(try mocked.recoverAddress(digest: Keccak256.hash(statement)).checksummed == mock["signer"]?.text)

        // A mock network hides nothing: its answer is the value under the public key.
        let query = try Vectors.section("mock_query_seal_output")
        let answer = try #require(query["returned_bytes32"]?.text.flatMap(Hexadecimal.decode))
        let key = try #require(query["sealing_key"]?.text.flatMap(Hexadecimal.decode))
        let value = CiphertextHandle(bytes: zip(answer, key).map { $0 ^ $1 })
        #expect(value?.decimal == query["value"]?.text && query["unsealed"] == query["value"])
    }
}
