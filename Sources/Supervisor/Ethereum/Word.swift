/// A 32-byte big-endian word: an unsigned number below 2²⁵⁶, or a signed one in two's complement.
package struct Word: Hashable, Sendable {
    package static let byteCount = 32

    /// Always 32.
    package let bytes: [UInt8]

    package init(_ value: UInt64) { self.init(UInt128(value) as UInt128) }

    @_disfavoredOverload
    package init(_ value: UInt128) {
        self.init(magnitude: (0..<16).map { UInt8(truncatingIfNeeded: value >> (120 - 8 * $0)) })
    }

    /// A big-endian number of at most 32 bytes; nil for more.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count <= Word.byteCount else { return nil }
        self.init(magnitude: Array(bytes))
    }

    /// Decimal digits alone, no sign; nil for anything else and from 2²⁵⁶ on.
    package init?(decimal text: some StringProtocol) {
        guard !text.isEmpty else { return nil }
        var word = [UInt8](repeating: 0, count: Word.byteCount)
        for digit in text.utf8 {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            var carry = UInt(digit - UInt8(ascii: "0"))
            for index in word.indices.reversed() {
                carry += UInt(word[index]) * 10
                word[index] = UInt8(truncatingIfNeeded: carry)
                carry >>= 8
            }
            guard carry == 0 else { return nil }
        }
        self.init(magnitude: word)
    }

    /// Decimal digits with an optional `-`, in two's complement; nil outside -2²⁵⁵ ..< 2²⁵⁵.
    package init?(signedDecimal text: some StringProtocol) {
        guard text.hasPrefix("-") else {
            self.init(decimal: text)
            if bytes[0] & 0x80 != 0 { return nil }
            return
        }
        guard let magnitude = Word(decimal: text.dropFirst()) else { return nil }
        var word = magnitude.bytes.map { ~$0 }
        for index in word.indices.reversed() {
            word[index] &+= 1
            if word[index] != 0 { break }
        }
        let isZero = magnitude.bytes.allSatisfy { $0 == 0 }
        guard isZero || word[0] & 0x80 != 0 else { return nil }
        self.init(magnitude: word)
    }

    private init(magnitude: [UInt8]) {
        bytes = [UInt8](repeating: 0, count: Word.byteCount - magnitude.count) + magnitude
    }

    /// Whether the number, unsigned, is below 2 to the power of `bits` (a multiple of 8).
    func fitsUnsigned(bits: Int) -> Bool { bytes.prefix(Word.byteCount - bits / 8).allSatisfy { $0 == 0 } }

    /// Whether the number, signed, is one of `bits` bits (a multiple of 8).
    func fitsSigned(bits: Int) -> Bool {
        let start = Word.byteCount - bits / 8
        let sign: UInt8 = bytes[start] & 0x80 == 0 ? 0 : 0xFF
        return bytes.prefix(start).allSatisfy { $0 == sign }
    }
}

extension Word {
    /// This and twice `number`, as the chain id stands in a legacy signature (EIP-155).
    func adding(doubleOf number: UInt64) -> Word {
        var sum = bytes
        var carry: UInt16 = 0
        let other = Word(number).bytes
        for index in sum.indices.reversed() {
            carry += UInt16(sum[index]) + 2 * UInt16(other[index])
            sum[index] = UInt8(truncatingIfNeeded: carry)
            carry >>= 8
        }
        return Word(magnitude: sum)
    }
}

extension UInt64 {
    /// Nil from 2⁶⁴ on.
    package init?(_ word: Word) {
        guard word.fitsUnsigned(bits: 64) else { return nil }
        self = word.bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
