package import Ethereum
internal import Shared

/// The spellings of a 256-bit handle: decimal for the coordinator, minimal `0x` hexadecimal for the python dialect.
package enum HandleText {
    package static func decimal(_ handle: Word) -> String {
        var rest = handle.bytes
        var digits: [UInt8] = []
        repeat {
            var remainder = 0
            for index in rest.indices {
                let value = remainder << 8 | Int(rest[index])
                rest[index] = UInt8(value / 10)
                remainder = value % 10
            }
            digits.append(UInt8(ascii: "0") + UInt8(remainder))
        } while rest.contains { $0 != 0 }
        return String(decoding: digits.reversed(), as: UTF8.self)
    }

    /// As Python's `hex()` spells an integer: no padding.
    package static func hexadecimal(_ handle: Word) -> String {
        let digits = Hexadecimal.encode(handle.bytes).drop { $0 == "0" }
        return "0x" + (digits.isEmpty ? "0" : String(digits))
    }

    /// Reads `0x` and 1 to 64 digits; an odd number of them is fine, the sign, blanks and a missing prefix are not.
    package static func parse(hexadecimal text: String) -> Word? {
        guard text.hasPrefix("0x"), (3...66).contains(text.utf8.count) else { return nil }
        let digits = text.dropFirst(2)
        guard let bytes = Hexadecimal.decode(digits.utf8.count.isMultiple(of: 2) ? String(digits) : "0" + digits),
            digits.utf8.allSatisfy({ Hexadecimal.value($0) != nil })
        else { return nil }
        return Word(bytes: bytes)
    }

    /// Reads decimal digits in their one spelling, without leading zeros.
    package static func parse(decimal text: String) -> Word? {
        guard let handle = Word(decimal: text), decimal(handle) == text else { return nil }
        return handle
    }
}
