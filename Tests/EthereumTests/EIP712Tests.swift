import Ethereum
import Shared
import Testing

@Suite struct EIP712Tests {
    @Test("a structured message has the vector's hashes and signature", arguments: Vectors.list("eip712"))
    func vector(vector: JSONValue) throws {
        let data = try TypedData(vector.requireMember("typedData"))
        #expect(try data.domainSeparator() == vector.requireBytes("domainSeparator"))
        #expect(try data.hashStruct(data.primaryType, data.message) == vector.requireBytes("structHash"))
        let digest = try data.digest()
        #expect(digest == (try vector.requireBytes("hash")))
        let key = try Vectors.key(vector.requireText("key"))
        #expect(key.sign(digest: digest).hexadecimal == (try vector.requireText("signature")))
    }

    /// The permit as code builds it, equal to the vector "CoFHE self permit".
    private func permit(expiration: Word = Word(1_779_604_800)) throws -> TypedData {
        let sealingKey = Hexadecimal.decode("0xfed4bdf008595c8746c8f02e081e529d198e63328399df415168282662d27c34")
        return TypedData(
            types: [
                EIP712.domainType: EIP712.standardDomain,
                "PermissionedV2IssuerSelf": [
                    .init("issuer", "address"), .init("expiration", "uint64"), .init("recipient", "address"),
                    .init("validatorId", "uint256"), .init("validatorContract", "address"),
                    .init("sealingKey", "bytes32"),
                ],
            ],
            primaryType: "PermissionedV2IssuerSelf",
            domain: [
                "name": .string("ACL"), "version": .string("1"), "chainId": .uint(Word(421_614)),
                "verifyingContract": .address(try Address("0x00000000000000000000000000000000000Ac1aC")),
            ],
            message: [
                "issuer": .address(try Vectors.key("node").address), "expiration": .uint(expiration),
                "recipient": .address(.zero), "validatorId": .uint(Word(0)), "validatorContract": .address(.zero),
                "sealingKey": .bytes(try #require(sealingKey)),
            ])
    }

    @Test("a message built in code equals the one read from text")
    func built() throws {
        let vector = try #require(Vectors.list("eip712").first { $0["name"]?.text == "CoFHE self permit" })
        #expect(try permit() == TypedData(vector.requireMember("typedData")))
        #expect(try permit().digest() == vector.requireBytes("hash"))
    }

    @Test("a type is written with the structures it refers to, in alphabetical order, each once")
    func encodeType() throws {
        let data = TypedData(
            types: [
                "Z": [.init("b", "B[2][]"), .init("a", "A")], "B": [.init("a", "A[]")],
                "A": [.init("next", "A[]"), .init("n", "uint8")],
            ], primaryType: "Z", domain: [:], message: [:])
        #expect(try data.encodeType("Z") == "Z(B[2][] b,A a)A(A[] next,uint8 n)B(A[] a)")
    }

    @Test("a number that its type cannot hold is refused")
    func range() throws {
        #expect(throws: EIP712Error.wrongValue) {
            try permit(expiration: #require(Word(decimal: "18446744073709551616"))).digest()
        }
        #expect(throws: Never.self) { try permit(expiration: Word(.max)).digest() }
        let signed = TypedData(types: ["T": [.init("n", "int8")]], primaryType: "T", domain: [:], message: [:])
        for (text, fits) in [("127", true), ("-128", true), ("128", false), ("-129", false)] {
            let word = try #require(Word(signedDecimal: text))
            let hash = try? signed.hashStruct("T", ["n": .int(word)])
            #expect((hash != nil) == fits, "\(text)")
        }
    }

    @Test("decimal text is read up to the last number of the word")
    func decimals() {
        let top = "115792089237316195423570985008687907853269984665640564039457584007913129639935"
        #expect(Word(decimal: top)?.bytes == [UInt8](repeating: 0xFF, count: 32))
        #expect(Word(decimal: "115792089237316195423570985008687907853269984665640564039457584007913129639936") == nil)
        for text in ["", "-1", "+1", "1.0", "1e3", "0x10", " 1"] { #expect(Word(decimal: text) == nil, "\(text)") }
        let half = "57896044618658097711785492504343953926634992332820282019728792003956564819968"
        #expect(Word(signedDecimal: half) == nil)
        #expect(Word(signedDecimal: "-" + half)?.bytes == [0x80] + [UInt8](repeating: 0, count: 31))
        #expect(Word(signedDecimal: "-" + half.dropLast() + "9") == nil)
        #expect(Word(signedDecimal: "-1")?.bytes == [UInt8](repeating: 0xFF, count: 32))
        #expect(Word(signedDecimal: "-0") == Word(0))
        #expect(Word(signedDecimal: "--1") == nil)
    }

    @Test("a surplus, missing or misfitting member is refused, for it would not be signed as shown")
    func misfits() throws {
        let vector = try #require(Vectors.list("eip712").first)
        let good = try vector.requireMember("typedData")
        func refusal(_ path: [String], _ value: JSONValue) -> EIP712Error? {
            do throws(EIP712Error) {
                _ = try TypedData(good.setting(path, to: value)).digest()
                return nil
            } catch { return error }
        }
        #expect(refusal(["message", "contents"], "Hello, Bob!") == nil)
        #expect(refusal(["message", "extra"], "x") == .unknownField)
        #expect(refusal(["message", "from"], ["name": "Cow"]) == .missingField)
        #expect(refusal(["message", "contents"], 5) == .wrongValue)
        #expect(refusal(["message", "to"], "Bob") == .wrongValue)
        #expect(refusal(["domain", "chainId"], -1) == .wrongValue)
        #expect(refusal(["domain", "verifyingContract"], "0xCc") == .wrongValue)
        #expect(refusal(["types", "Person"], [["name": "name", "type": "text"]]) == .unknownType)
        #expect(refusal(["types", "Person"], [["name": "name"]]) == .malformed)
        #expect(refusal(["primaryType"], "Letter") == .unknownType)
        #expect(refusal(["types"], []) == .malformed)
    }

    @Test("a built message with a value that its type does not name is refused")
    func surplusInCode() throws {
        let data = TypedData(types: ["T": [.init("n", "bool")]], primaryType: "T", domain: [:], message: [:])
        #expect(throws: EIP712Error.unknownField) { try data.hashStruct("T", ["n": .bool(true), "m": .bool(true)]) }
    }

    @Test(
        "names that are no type of Solidity are refused",
        arguments: [
            "uint", "uint0", "uint7", "uint264", "uint08", "uint+8", "bytes0", "bytes33", "bool[-1]", "bool[x]",
            "function", "",
        ])
    func unknownTypes(name: String) {
        let data = TypedData(types: ["T": [.init("n", name)]], primaryType: "T", domain: [:], message: [:])
        #expect(throws: EIP712Error.unknownType) { try data.hashStruct("T", ["n": .uint(Word(1))]) }
    }

    @Test("an array of a fixed length holds exactly that many")
    func fixedArray() {
        let data = TypedData(types: ["T": [.init("n", "bool[2]")]], primaryType: "T", domain: [:], message: [:])
        let two: EIP712.Value = .array([.bool(true), .bool(false)])
        #expect(throws: Never.self) { try data.hashStruct("T", ["n": two]) }
        #expect(throws: EIP712Error.wrongValue) { try data.hashStruct("T", ["n": .array([.bool(true)])]) }
    }
}
