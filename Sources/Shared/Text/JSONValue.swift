/// A JSON text as a tree, for messages that hold no secret.
///
/// Numbers keep their digits: CoFHE handles are bare integers up to 2²⁵⁶, which any floating-point reader corrupts.
package indirect enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The digits exactly as they stood in the text.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// Members in the order of the text. Keys are unique.
    case object([Member])

    package struct Member: Sendable, Equatable {
        package let key: String
        package let value: JSONValue

        package init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// Parses a whole text of at most `limit` bytes. Repeated keys are refused, for two readers may choose differently.
    package init(parsing text: UnsafeRawBufferPointer, limit: Int = 1 << 20) throws(JSONError) {
        guard text.count <= limit else { throw JSONError(.tooLong, at: limit) }
        var scanner = JSONScanner(text)
        self = try JSONValue.read(try scanner.next(), &scanner, text)
        _ = try scanner.next()
    }

    package init(parsing text: [UInt8], limit: Int = 1 << 20) throws(JSONError) {
        let result: Result<JSONValue, JSONError> = text.withUnsafeBytes { bytes in
            do throws(JSONError) { return .success(try JSONValue(parsing: bytes, limit: limit)) } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    private static func read(
        _ token: JSONScanner.Token, _ scanner: inout JSONScanner, _ text: UnsafeRawBufferPointer
    ) throws(JSONError) -> JSONValue {
        switch token {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .number(let range): return .number(String(decoding: text[range], as: UTF8.self))
        case .string(let range): return .string(decode(text, range))
        case .beginArray:
            var elements: [JSONValue] = []
            while true {
                let token = try scanner.next()
                if token == .endArray { return .array(elements) }
                elements.append(try read(token, &scanner, text))
            }
        case .beginObject:
            var members: [Member] = []
            var keys: Set<String> = []
            while true {
                let token = try scanner.next()
                if token == .endObject { return .object(members) }
                guard case .key(let range) = token else { throw JSONError(.unexpectedByte, at: scanner.offset) }
                let key = decode(text, range)
                guard keys.insert(key).inserted else { throw JSONError(.duplicateKey, at: range.lowerBound) }
                members.append(Member(key, try read(try scanner.next(), &scanner, text)))
            }
        case .endArray, .endObject, .key, .end: throw JSONError(.unexpectedByte, at: scanner.offset)
        }
    }

    private static func decode(_ text: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        unescapeJSON(text, range) { bytes.append($0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

// MARK: - Building

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .number(String(value)) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0, $1) })
    }
    package init(nilLiteral: ()) { self = .null }

    package static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

    /// The text without white space. Characters beyond ASCII stand as UTF-8.
    package func encoded() -> [UInt8] {
        var text: [UInt8] = []
        encode(into: &text)
        return text
    }

    private func encode(into text: inout [UInt8]) {
        switch self {
        case .null: text += "null".utf8
        case .bool(let value): text += (value ? "true" : "false").utf8
        case .number(let digits): text += digits.utf8
        case .string(let value): JSONValue.quote(value, into: &text)
        case .array(let elements):
            text.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                element.encode(into: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .object(let members):
            text.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                JSONValue.quote(member.key, into: &text)
                text.append(UInt8(ascii: ":"))
                member.value.encode(into: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
    }

    private static func quote(_ value: String, into text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            let escaped = JSONEscaping.escape(byte)
            if escaped.length == 1 { text.append(byte) } else { text += escaped.bytes.prefix(escaped.length) }
        }
        text.append(UInt8(ascii: "\""))
    }
}

// MARK: - Reading

extension JSONValue {
    /// The member's value; nil where the value is no object or has no such member. A member `null` is `.null`.
    package subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    package var text: String? { if case .string(let value) = self { value } else { nil } }
    package var truth: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var elements: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    /// The number as an `Int`; nil for fractions, exponents and anything out of range.
    package var int: Int? { if case .number(let digits) = self { Int(digits) } else { nil } }

    package func requireText(_ key: String) throws(JSONError) -> String { try require(key, \.text) }
    package func requireInt(_ key: String) throws(JSONError) -> Int { try require(key, \.int) }

    package func require<T>(_ key: String, _ read: (JSONValue) -> T?) throws(JSONError) -> T {
        guard let member = self[key] else { throw JSONError(.missingKey) }
        guard let value = read(member) else { throw JSONError(.wrongType) }
        return value
    }
}
