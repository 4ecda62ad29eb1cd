import Shared
import Testing

@Suite("Secret memory", .serialized)
struct SecretBytesTests {
    private func secret(_ text: String, room: Int = 64) throws -> SecretBytes {
        var secret = try SecretBytes(capacity: room)
        try secret.append(public: text.utf8)
        return secret
    }

    @Test("memory is wiped when the last owner lets go, and given out zeroed")
    func wiped() throws {
        func address() throws -> UInt {
            let text = try secret("correct horse")
            return text.withBytes { UInt(bitPattern: $0.baseAddress) }
        }
        // Other suites use the same arena meanwhile: not every next one comes to lie where the last one was.
        var isSamePlace = false
        for _ in 0..<1000 where !isSamePlace {
            let old = try address()
            var next = try SecretBytes(capacity: 64)
            next.extend(to: 64)
            isSamePlace = next.withBytes { UInt(bitPattern: $0.baseAddress) } == old
            #expect(next.withBytes { $0.allSatisfy { $0 == 0 } })
        }
        #expect(isSamePlace)
    }

    @Test("what was truncated, moved away or wiped is gone from memory")
    func remains() throws {
        var text = try secret("abcdef")
        text.truncate(to: 3)
        text.extend(to: 6)
        #expect(text.withBytes { Array($0) } == Array("abc".utf8) + [0, 0, 0])
        text.removeFirst(2)
        text.extend(to: 6)
        #expect(text.withBytes { Array($0) } == [0x63, 0, 0, 0, 0, 0])
        text.wipe()
        text.extend(to: 6)
        #expect(text.withBytes { Array($0) } == [0, 0, 0, 0, 0, 0])
    }

    @Test("text is told from bytes, wherever the one that is none stands")
    func utf8() throws {
        func isText(_ bytes: [UInt8]) throws -> Bool {
            var secret = try SecretBytes(capacity: 64)
            try secret.append(public: bytes)
            return secret.isUTF8
        }
        for count in 0..<40 {
            let plain = [UInt8](repeating: 0x61, count: count)
            #expect(try isText(plain))
            for index in 0...count {
                for more: [UInt8] in [[0xC3, 0xA9], [0xF0, 0x9F, 0x98, 0x80]] {
                    #expect(try isText(plain[..<index] + more + plain[index...]))
                }
                for less: [UInt8] in [[0xFF], [0x80], [0xC3], [0xF0, 0x9F, 0x98]] {
                    #expect(try !isText(plain[..<index] + less + plain[index...]), "\(count) \(index)")
                }
            }
        }
    }

    @Test("more than the capacity is refused")
    func overflow() throws {
        var text = try SecretBytes(capacity: 2)
        try text.append(1)
        try text.append(2)
        #expect(throws: SecretMemoryError.overflow) { try text.append(3) }
    }

    // In a process of its own: the arena of this one serves other tests at the same time.
    @Test("an arena that is full says so, and memory comes back whole")
    func exhaustion() async {
        await #expect(processExitsWith: .success) {
            let arena = try SecretArena.prepare(capacity: 1 << 20)
            do {
                let first = try SecretBytes(capacity: 1000)
                let second = try SecretBytes(capacity: 2000)
                let third = try SecretBytes(capacity: 3000)
                #expect(first.capacity + second.capacity + third.capacity == 6000)
                #expect(throws: SecretMemoryError.self) { _ = try SecretBytes(capacity: arena.capacity) }
            }
            #expect(arena.available == arena.capacity)
            let whole = try SecretBytes(capacity: arena.capacity)
            #expect(whole.capacity == arena.capacity)
        }
    }

    @Test("secrets compare by all their bytes")
    func equality() throws {
        let text = try secret("abc")
        #expect(try text.equals(secret("abc")))
        #expect(try !text.equals(secret("abd")))
        #expect(try !text.equals(secret("abcd")))
    }

    @Test("random secrets differ")
    func random() throws {
        let one = try SecretBytes.random(count: 32)
        #expect(try !one.equals(SecretBytes.random(count: 32)))
    }

    @Test("hexadecimal text is decoded in secret memory, anything else is refused")
    func hexadecimal() throws {
        let decoded = try SecretBytes.decodingHexadecimal(secret("0x00fFa5"))
        #expect(decoded.withBytes { Array($0) } == [0, 255, 165])
        var digits = try SecretBytes(capacity: 6)
        try digits.append(hexadecimalOf: decoded)
        #expect(digits.withBytes { Array($0) } == Array("00ffa5".utf8))
        #expect(throws: (any Error).self) { _ = try SecretBytes.decodingHexadecimal(secret("0x0")) }
        #expect(throws: (any Error).self) { _ = try SecretBytes.decodingHexadecimal(secret("zz")) }
    }

    @Test("a secret's description says nothing")
    func description() throws { #expect(try secret("abc").description == "‹secret›") }
}
