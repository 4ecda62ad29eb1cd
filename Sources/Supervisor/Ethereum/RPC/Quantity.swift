internal import Shared

// How JSON-RPC writes numbers and bytes.
extension JSONValue {
    /// `0x` and digits without leading zeros.
    static func quantity(_ word: Word) -> JSONValue {
        let digits = Hexadecimal.encode(word.bytes).drop { $0 == "0" }
        return .string("0x" + (digits.isEmpty ? "0" : digits))
    }

    static func bytes(_ bytes: [UInt8]) -> JSONValue { .string("0x" + Hexadecimal.encode(bytes)) }

    static func address(_ address: Address) -> JSONValue { .string(address.checksummed) }

    /// A number below 2²⁵⁶, `0x` in front; nil for anything else.
    var quantity: Word? {
        guard let text, text.hasPrefix("0x"), (3...66).contains(text.utf8.count) else { return nil }
        let digits = text.dropFirst(2)
        return Hexadecimal.decode(digits.utf8.count.isMultiple(of: 2) ? String(digits) : "0" + digits).flatMap {
            Word(bytes: $0)
        }
    }

    var smallQuantity: UInt64? { quantity.flatMap { UInt64($0) } }

    /// An amount, or a price.
    var amount: Amount? { quantity.flatMap { Amount($0) } }

    var bytes: [UInt8]? {
        guard let text, text.hasPrefix("0x") else { return nil }
        return Hexadecimal.decode(text)
    }

    /// 32 bytes, as hashes and topics are.
    var hash: [UInt8]? { bytes.flatMap { $0.count == Word.byteCount ? $0 : nil } }

    var address: Address? { text.flatMap { try? Address($0) } }
}
