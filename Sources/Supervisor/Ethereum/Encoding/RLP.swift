/// Recursive length prefix: the form of transactions on the wire.
package indirect enum RLP: Equatable, Sendable {
    case bytes([UInt8])
    case list([RLP])

    package enum Failure: Error, Equatable {
        /// The text ends before an item does, or goes on after it.
        case truncated, trailing
        /// Another text encodes the same: a single byte behind a length, a long length for a short item, leading zeros.
        case notCanonical
        case tooDeep
    }

    /// A number without leading zeros; zero is the empty text.
    package static func integer(_ value: Word) -> RLP { .bytes(Array(value.bytes.drop { $0 == 0 })) }
    package static func integer(_ value: UInt64) -> RLP { integer(Word(value)) }

    /// The number that these bytes are; nil for a list, and for more than 32 bytes.
    var number: Word? { if case .bytes(let bytes) = self { Word(bytes: bytes) } else { nil } }

    /// Lists in lists, at most.
    private static let maximumDepth = 32

    package func encoded() -> [UInt8] {
        switch self {
        case .bytes(let bytes):
            if bytes.count == 1, bytes[0] < 0x80 { return bytes }
            return RLP.prefix(bytes.count, short: 0x80) + bytes
        case .list(let items):
            let body = items.flatMap { $0.encoded() }
            return RLP.prefix(body.count, short: 0xC0) + body
        }
    }

    private static func prefix(_ count: Int, short: UInt8) -> [UInt8] {
        if count <= 55 { return [short + UInt8(count)] }
        let length = Word(UInt64(count)).bytes.drop { $0 == 0 }
        return [short + 55 + UInt8(length.count)] + length
    }

    /// Reads one item that is the whole text. Strict: each item has one text.
    package init(decoding text: [UInt8]) throws(Failure) {
        var rest = text[...]
        self = try RLP.read(&rest, depth: 0)
        guard rest.isEmpty else { throw .trailing }
    }

    private static func read(_ rest: inout ArraySlice<UInt8>, depth: Int) throws(Failure) -> RLP {
        guard depth <= maximumDepth else { throw .tooDeep }
        guard let first = rest.popFirst() else { throw .truncated }
        switch first {
        case 0..<0x80: return .bytes([first])
        case 0x80..<0xC0:
            let body = try take(length(first - 0x80, &rest), from: &rest)
            guard body.count != 1 || body[body.startIndex] >= 0x80 else { throw .notCanonical }
            return .bytes(Array(body))
        default:
            var body = try take(length(first - 0xC0, &rest), from: &rest)
            var items: [RLP] = []
            while !body.isEmpty { items.append(try read(&body, depth: depth + 1)) }
            return .list(items)
        }
    }

    private static func length(_ code: UInt8, _ rest: inout ArraySlice<UInt8>) throws(Failure) -> Int {
        guard code > 55 else { return Int(code) }
        let digits = try take(Int(code) - 55, from: &rest)
        guard digits.first != 0 else { throw .notCanonical }
        // More than the text has, and no overflow on the way.
        guard digits.count <= 4 else { throw .truncated }
        let length = digits.reduce(0) { $0 << 8 | Int($1) }
        guard length > 55 else { throw .notCanonical }
        return length
    }

    private static func take(_ count: Int, from rest: inout ArraySlice<UInt8>) throws(Failure) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw .truncated }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
