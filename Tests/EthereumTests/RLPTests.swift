import Ethereum
import Shared
import Testing

@Suite("RLP")
struct RLPTests {
    private func item(_ value: JSONValue) throws -> RLP {
        if let elements = value.elements { return .list(try elements.map(item)) }
        return .bytes(try #require(value.text.flatMap { Hexadecimal.decode($0) }))
    }

    @Test("an item is encoded as the vector says, and read back from it", arguments: Vectors.list("rlp"))
    func vectors(vector: JSONValue) throws {
        let expected = try vector.requireBytes("out")
        let item =
            if let number = vector["integer"]?.text { RLP.integer(try #require(Word(decimal: number))) } else {
                try item(try vector.requireMember("in"))
            }
        #expect(item.encoded() == expected)
        #expect(try RLP(decoding: expected) == item)
    }

    @Test("what has another encoding, or is cut short, is refused", arguments: Vectors.list("rlpInvalid"))
    func refused(vector: JSONValue) throws {
        let text = try #require(vector.text.flatMap { Hexadecimal.decode($0) })
        #expect(throws: RLP.Failure.self) { _ = try RLP(decoding: text) }
    }

    @Test("a text with something behind it, or with lists in lists without end, is refused")
    func bounds() {
        #expect(throws: RLP.Failure.trailing) { _ = try RLP(decoding: [0x80, 0x80]) }
        #expect(throws: RLP.Failure.truncated) { _ = try RLP(decoding: []) }
        let deep = (0..<100).reduce(RLP.list([])) { inner, _ in .list([inner]) }
        #expect(throws: RLP.Failure.tooDeep) { _ = try RLP(decoding: deep.encoded()) }
    }
}
