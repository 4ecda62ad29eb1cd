import Ethereum
import Shared
import Testing

@Suite("ABI")
struct ABITests {
    /// What the vectors write for a value of `type`.
    private func value(_ json: JSONValue, _ type: ABIType) throws -> ABIValue {
        switch type {
        case .uint: .uint(try #require(Word(decimal: json.text ?? json.int.map(String.init) ?? json.digits)))
        case .address: .address(try Address(try #require(json.text)))
        case .bool: .bool(json == true)
        case .string: .string(try #require(json.text))
        case .bytes, .fixedBytes: .bytes(try #require(json.text.flatMap { Hexadecimal.decode($0) }))
        case .array(let element): .array(try #require(json.elements).map { try value($0, element) })
        case .tuple(let members):
            .tuple(try zip(try #require(json.elements), members).map { try value($0, $1) })
        }
    }

    private func types(of signature: String) throws -> [ABIType] {
        let list = signature.drop { $0 != "(" }.dropFirst().dropLast()
        return try #require(ABIType.list(String(list)))
    }

    @Test("a call's arguments are encoded as the vector says, and read back", arguments: Vectors.list("calldata"))
    func calls(vector: JSONValue) throws {
        let signature = try vector.requireText("signature")
        let types = try types(of: signature)
        let arguments = try zip(try #require(vector["args"]?.elements), types).map { try value($0, $1) }
        let data = try vector.requireBytes("data")
        #expect(Array(data.prefix(4)) == Array(Keccak256.hash(Array(signature.utf8)).prefix(4)))
        #expect(try ABIValue.encode(arguments, as: types) == Array(data.dropFirst(4)))
        #expect(try ABIValue.decode(Array(data.dropFirst(4)), as: types) == arguments)
    }

    @Test("an answer is read, and written the same again", arguments: Vectors.list("returnData"))
    func answers(vector: JSONValue) throws {
        let types = try #require(ABIType.list(try vector.requireText("type")))
        let data = try vector.requireBytes("data")
        let values = try ABIValue.decode(data, as: types)
        #expect(try ABIValue.encode(values, as: types) == data)
        let expected = try vector.requireMember("value")
        // A struct's members stand in the order of its fields; of an unknown node only two are written down.
        if case .object(let members) = expected, members.count > 2 {
            #expect(try value(.array(members.map(\.value)), try #require(types.first)) == values.first)
        } else if case .object = expected, case .tuple(let fields)? = values.first {
            #expect(fields[0] == .address(.zero) && fields[7] == .array([]))
        } else {
            #expect(try zip(try #require(expected.elements), types).map { try value($0, $1) } == values)
        }
    }

    @Test("an answer that no contract gives is refused", arguments: Vectors.list("returnDataRefuse"))
    func refused(vector: JSONValue) throws {
        let types = try #require(ABIType.list(try vector.requireText("type")))
        let data = try vector.requireBytes("data")
        #expect(throws: ABIError.self, "\(vector["why"]?.text ?? "")") { _ = try ABIValue.decode(data, as: types) }
    }

    @Test("a value that is none of its type is not encoded")
    func mismatch() throws {
        let tooLarge = ABIValue.uint(Word(256))
        #expect(throws: ABIError.mismatch) { _ = try ABIValue.encode([tooLarge], as: [.uint(bits: 8)]) }
        #expect(throws: ABIError.mismatch) { _ = try ABIValue.encode([.bytes([1])], as: [.fixedBytes(2)]) }
        #expect(throws: ABIError.mismatch) { _ = try ABIValue.encode([.bool(true)], as: [.string]) }
        #expect(throws: ABIError.mismatch) { _ = try ABIValue.encode([], as: [.bool]) }
    }

    @Test(
        "what is no type of this network's contracts is no type",
        arguments: [
            "uint7", "uint264", "bytes0", "bytes33", "int256", "uint256[2]", "(uint8", "uint8)", "uint8,", "function",
            "(((((((((uint8)))))))))",
        ])
    func unknownTypes(text: String) { #expect(ABIType.list(text) == nil) }

    @Test("offsets that all point at one long text do not multiply it without end")
    func amplification() throws {
        let count = 1000
        let text = [UInt8](repeating: 0x61, count: 320_000)
        var data = Word(32).bytes + Word(UInt64(count)).bytes
        for _ in 0..<count { data += Word(UInt64(32 * count)).bytes }
        data += Word(UInt64(text.count)).bytes + text
        #expect(throws: ABIError.tooMany) { _ = try ABIValue.decode(data, as: [.array(of: .string)]) }
    }
}

extension JSONValue {
    fileprivate var digits: String { if case .number(let digits) = self { digits } else { "" } }
}
