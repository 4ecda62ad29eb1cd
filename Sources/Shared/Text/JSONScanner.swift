/// Why a JSON text was refused. `offset` counts bytes from its start; no byte of the text itself is kept.
package struct JSONError: Error, Equatable {
    package enum Reason: String, Sendable {
        case empty, unexpectedEnd, unexpectedByte, badNumber, badString, badEscape, badUTF8, tooDeep, tooLong
        case duplicateKey, trailingBytes, wrongType, missingKey
    }
    package let reason: Reason
    package let offset: Int

    package init(_ reason: Reason, at offset: Int = 0) {
        self.reason = reason
        self.offset = offset
    }
}

/// A strict pull parser for JSON text (RFC 8259) that allocates nothing and copies nothing, so that it can read text
/// in secret memory. Numbers stay digits; strings stay ranges, checked, but not unescaped.
package struct JSONScanner {
    package enum Token: Equatable {
        case beginObject, endObject, beginArray, endArray
        /// The bytes between the quotes, in front of a member's value.
        case key(Range<Int>)
        /// The bytes between the quotes.
        case string(Range<Int>)
        case number(Range<Int>)
        case bool(Bool)
        case null
        case end
    }

    package static let maximumDepth = 64

    private let bytes: UnsafeRawBufferPointer
    package private(set) var offset = 0
    package private(set) var depth = 0
    /// One bit a level: set for an object, clear for an array. Deeper levels are higher bits.
    private var containers: UInt64 = 0
    private enum Expectation { case value, firstValueOrEnd, commaOrEnd, firstKeyOrEnd, key, end }
    private var expectation = Expectation.value

    /// The text must outlive the scanner.
    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    package mutating func next() throws(JSONError) -> Token {
        skipWhitespace()
        if expectation == .commaOrEnd {
            switch try peek() {
            case UInt8(ascii: ","):
                offset += 1
                skipWhitespace()
                expectation = insideObject ? .key : .value
            case UInt8(ascii: "}"), UInt8(ascii: "]"): break
            default: throw JSONError(.unexpectedByte, at: offset)
            }
        }
        switch expectation {
        case .end:
            guard offset == bytes.count else { throw JSONError(.trailingBytes, at: offset) }
            return .end
        case .firstKeyOrEnd, .key:
            if expectation == .firstKeyOrEnd, try peek() == UInt8(ascii: "}") { return try close() }
            guard try peek() == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte, at: offset) }
            let range = try scanString()
            skipWhitespace()
            guard try peek() == UInt8(ascii: ":") else { throw JSONError(.unexpectedByte, at: offset) }
            offset += 1
            expectation = .value
            return .key(range)
        case .commaOrEnd: return try close()
        case .firstValueOrEnd:
            if try peek() == UInt8(ascii: "]") { return try close() }
            return try value()
        case .value: return try value()
        }
    }

    /// Skips one value, which starts at the next token.
    package mutating func skipValue() throws(JSONError) {
        let outer = depth
        repeat {
            if case .end = try next() { throw JSONError(.unexpectedEnd, at: offset) }
        } while depth > outer
    }

    private var insideObject: Bool { containers >> UInt64(depth - 1) & 1 == 1 }

    private func peek() throws(JSONError) -> UInt8 {
        guard offset < bytes.count else { throw JSONError(bytes.isEmpty ? .empty : .unexpectedEnd, at: offset) }
        return bytes[offset]
    }

    private mutating func skipWhitespace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return
            }
        }
    }

    private mutating func value() throws(JSONError) -> Token {
        let byte = try peek()
        switch byte {
        case UInt8(ascii: "{"): return try open(object: true)
        case UInt8(ascii: "["): return try open(object: false)
        case UInt8(ascii: "\""):
            let range = try scanString()
            valueEnded()
            return .string(range)
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let range = try scanNumber()
            valueEnded()
            return .number(range)
        default: throw JSONError(.unexpectedByte, at: offset)
        }
    }

    private mutating func open(object: Bool) throws(JSONError) -> Token {
        guard depth < JSONScanner.maximumDepth else { throw JSONError(.tooDeep, at: offset) }
        let bit: UInt64 = 1 << UInt64(depth)
        containers = object ? containers | bit : containers & ~bit
        depth += 1
        offset += 1
        expectation = object ? .firstKeyOrEnd : .firstValueOrEnd
        return object ? .beginObject : .beginArray
    }

    private mutating func close() throws(JSONError) -> Token {
        let object = insideObject
        guard try peek() == (object ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
            throw JSONError(.unexpectedByte, at: offset)
        }
        offset += 1
        depth -= 1
        valueEnded()
        return object ? .endObject : .endArray
    }

    private mutating func valueEnded() { expectation = depth == 0 ? .end : .commaOrEnd }

    private mutating func literal(_ word: StaticString, _ token: Token) throws(JSONError) -> Token {
        for index in 0..<word.utf8CodeUnitCount {
            guard try peek() == word.utf8Start[index] else { throw JSONError(.unexpectedByte, at: offset) }
            offset += 1
        }
        valueEnded()
        return token
    }

    private mutating func scanNumber() throws(JSONError) -> Range<Int> {
        let start = offset
        if bytes[offset] == UInt8(ascii: "-") { offset += 1 }
        let integerStart = offset
        scanDigits()
        let integerDigits = offset - integerStart
        guard integerDigits == 1 || (integerDigits > 1 && bytes[integerStart] != UInt8(ascii: "0")) else {
            throw JSONError(.badNumber, at: start)
        }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            offset += 1
            guard scanDigits() > 0 else { throw JSONError(.badNumber, at: start) }
        }
        if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            if offset < bytes.count, bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") {
                offset += 1
            }
            guard scanDigits() > 0 else { throw JSONError(.badNumber, at: start) }
        }
        return start..<offset
    }

    @discardableResult
    private mutating func scanDigits() -> Int {
        let start = offset
        while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) { offset += 1 }
        return offset - start
    }

    private mutating func scanString() throws(JSONError) -> Range<Int> {
        offset += 1
        let start = offset
        while true {
            let byte = try peek()
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return start..<offset - 1
            case UInt8(ascii: "\\"):
                let escape = try JSONEscape.read(bytes, at: offset)
                offset += escape.length
            case 0x00..<0x20: throw JSONError(.badString, at: offset)
            case 0x20..<0x80: offset += 1
            default: offset += try UTF8Sequence.length(bytes, at: offset)
            }
        }
    }
}

/// One escape sequence of a JSON string.
enum JSONEscape {
    /// Reads the escape at `index`. A surrogate pair is one escape of 12 bytes; a lone surrogate is refused.
    static func read(_ bytes: UnsafeRawBufferPointer, at index: Int) throws(JSONError) -> (scalar: UInt32, length: Int)
    {
        guard index + 1 < bytes.count else { throw JSONError(.unexpectedEnd, at: index) }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""): return (0x22, 2)
        case UInt8(ascii: "\\"): return (0x5C, 2)
        case UInt8(ascii: "/"): return (0x2F, 2)
        case UInt8(ascii: "b"): return (0x08, 2)
        case UInt8(ascii: "f"): return (0x0C, 2)
        case UInt8(ascii: "n"): return (0x0A, 2)
        case UInt8(ascii: "r"): return (0x0D, 2)
        case UInt8(ascii: "t"): return (0x09, 2)
        case UInt8(ascii: "u"):
            let first = try codeUnit(bytes, at: index + 2)
            switch first {
            case 0xD800..<0xDC00:
                guard index + 7 < bytes.count, bytes[index + 6] == UInt8(ascii: "\\"),
                    bytes[index + 7] == UInt8(ascii: "u")
                else { throw JSONError(.badEscape, at: index) }
                let second = try codeUnit(bytes, at: index + 8)
                guard (0xDC00..<0xE000).contains(second) else { throw JSONError(.badEscape, at: index) }
                return (0x10000 + (first - 0xD800) << 10 + (second - 0xDC00), 12)
            case 0xDC00..<0xE000: throw JSONError(.badEscape, at: index)
            default: return (first, 6)
            }
        default: throw JSONError(.badEscape, at: index)
        }
    }

    private static func codeUnit(_ bytes: UnsafeRawBufferPointer, at index: Int) throws(JSONError) -> UInt32 {
        guard index + 4 <= bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
        var unit: UInt32 = 0
        for position in index..<index + 4 {
            guard let digit = Hexadecimal.value(bytes[position]) else { throw JSONError(.badEscape, at: position) }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}

/// One character of UTF-8 beyond ASCII.
enum UTF8Sequence {
    /// Its length at `index`; overlong forms, surrogates and values past U+10FFFF are refused.
    static func length(_ bytes: UnsafeRawBufferPointer, at index: Int) throws(JSONError) -> Int {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch bytes[index] {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: throw JSONError(.badUTF8, at: index)
        }
        guard index + length <= bytes.count, second.contains(bytes[index + 1]) else {
            throw JSONError(.badUTF8, at: index)
        }
        for position in index + 2..<max(index + length, index + 2) where bytes[position] & 0xC0 != 0x80 {
            throw JSONError(.badUTF8, at: position)
        }
        return length
    }
}

/// Unescapes a string range that a `JSONScanner` has checked, byte by byte into `sink`.
package func unescapeJSON<E: Error>(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, into sink: (UInt8) throws(E) -> Void
) throws(E) {
    var index = range.lowerBound
    while index < range.upperBound {
        guard bytes[index] == UInt8(ascii: "\\"), let escape = try? JSONEscape.read(bytes, at: index) else {
            try sink(bytes[index])
            index += 1
            continue
        }
        index += escape.length
        let scalar = escape.scalar
        switch scalar {
        case 0..<0x80: try sink(UInt8(scalar))
        case 0x80..<0x800:
            try sink(0xC0 | UInt8(scalar >> 6))
            try sink(0x80 | UInt8(scalar & 0x3F))
        case 0x800..<0x10000:
            try sink(0xE0 | UInt8(scalar >> 12))
            try sink(0x80 | UInt8(scalar >> 6 & 0x3F))
            try sink(0x80 | UInt8(scalar & 0x3F))
        default:
            try sink(0xF0 | UInt8(scalar >> 18))
            try sink(0x80 | UInt8(scalar >> 12 & 0x3F))
            try sink(0x80 | UInt8(scalar >> 6 & 0x3F))
            try sink(0x80 | UInt8(scalar & 0x3F))
        }
    }
}
