import Ethereum
import Shared
import Testing

@Suite struct AddressTests {
    private func texts(_ name: String) throws -> [String] {
        try Vectors.section("eip55").require(name) { $0.elements?.compactMap(\.text) }
    }

    @Test("an address with its checksum is read and written the same")
    func valid() throws {
        let texts = try texts("valid")
        #expect(texts.count == 13)
        for text in texts { #expect(try Address(text).checksummed == text) }
    }

    @Test("an address in lower case gets its checksum")
    func lower() throws {
        let pairs = try Vectors.section("eip55").require("lowerToChecksum", \.elements)
        #expect(pairs.count >= 13)
        for pair in pairs {
            let texts = pair.elements?.compactMap(\.text) ?? []
            try #require(texts.count == 2)
            #expect(try Address(texts[0]).checksummed == texts[1])
        }
    }

    @Test("an address in one case is accepted without a checksum")
    func unchecked() throws {
        let texts = try texts("acceptAsUnchecked")
        #expect(texts.count == 2)
        for text in texts { #expect(try Address(text).checksummed == "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed") }
    }

    @Test("a wrong checksum, length, prefix or digit is refused")
    func invalid() throws {
        let texts = try texts("invalid")
        #expect(texts.count == 8)
        let valid = try self.texts("valid")
        // The file has one address in both lists, to the letter. Its checksum is right: the second entry is a mistake.
        let contradicted = texts.filter(valid.contains)
        #expect(contradicted == ["0x72C0Ead949Fd2C346598a30AF1A69c3c5Cb86082"])
        for text in texts where !contradicted.contains(text) {
            #expect(throws: AddressError.self, "\(text)") { try Address(text) }
        }
        #expect(throws: AddressError.checksum) { try Address("0x72c0Ead949Fd2C346598a30AF1A69c3c5Cb86082") }
        #expect(throws: AddressError.checksum) { try Address("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed") }
        #expect(throws: AddressError.malformed) { try Address("0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed") }
        #expect(throws: AddressError.malformed) { try Address("0x0x5aeb6053f3e94c9b9a09f33669435e7ef1beae") }
    }

    @Test("bytes make an address only when there are twenty")
    func bytes() {
        #expect(Address(bytes: [UInt8](repeating: 0, count: 20)) == .zero)
        #expect(Address(bytes: [UInt8](repeating: 0, count: 19)) == nil)
        #expect(Address(bytes: [UInt8](repeating: 0, count: 21)) == nil)
        #expect(Address.zero.checksummed == "0x0000000000000000000000000000000000000000")
    }
}
