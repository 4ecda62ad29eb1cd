import Shared
import Testing

@Suite("JSON text")
struct JSONValueTests {
    private func parse(_ text: String) throws(JSONError) -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    @Test("numbers keep their digits, whatever their size")
    func digits() throws {
        let handle = "115792089237316195423570985008687907853269984665640564039457584007913129639935"
        #expect(try parse("{\"h\": \(handle)}")["h"] == .number(handle))
        #expect(try parse("-0.50e+10") == .number("-0.50e+10"))
        #expect(try parse("\(handle)").int == nil)
    }

    @Test(
        "malformed text is refused with its reason",
        arguments: [
            ("", JSONError.Reason.empty), ("{", .unexpectedEnd), ("[1,]", .unexpectedByte), ("[1 2]", .unexpectedByte),
            ("{\"a\":1,}", .unexpectedByte), ("{a:1}", .unexpectedByte), ("01", .badNumber), ("1.", .badNumber),
            ("-", .badNumber),
            ("1e", .badNumber), ("tru", .unexpectedEnd), ("trux", .unexpectedByte), ("\"\u{1}\"", .badString),
            ("\"a", .unexpectedEnd),
            ("\"\\x\"", .badEscape), ("\"\\u12g4\"", .badEscape), ("\"\\ud800\"", .badEscape),
            ("\"\\udc00\"", .badEscape),
            ("\"\\ud800\\u0041\"", .badEscape), ("{}{}", .trailingBytes), ("1 1", .trailingBytes),
            ("{\"a\":1,\"a\":2}", .duplicateKey),
            ("{\"a\":1,\"\\u0061\":2}", .duplicateKey), ("[}", .unexpectedByte), ("{]", .unexpectedByte),
            ("NaN", .unexpectedByte),
            ("'a'", .unexpectedByte), ("\u{FEFF}1", .unexpectedByte),
        ])
    func malformed(_ text: String, _ reason: JSONError.Reason) {
        #expect { try parse(text) } throws: { ($0 as? JSONError)?.reason == reason }
    }

    @Test(
        "bytes that are no UTF-8 are refused",
        arguments: [
            [0x80], [0xC0, 0xAF], [0xC1, 0x81], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xFF],
        ] as [[UInt8]])
    func notUTF8(_ bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22] + bytes + [0x22]) }
    }

    @Test("depth and length have limits")
    func limits() throws {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        _ = try parse(deep)
        #expect { try parse("[\(deep)]") } throws: { ($0 as? JSONError)?.reason == .tooDeep }
        #expect { try JSONValue(parsing: Array("[1]".utf8), limit: 2) } throws: {
            ($0 as? JSONError)?.reason == .tooLong
        }
    }

    @Test("escapes become characters, surrogate pairs one character")
    func escapes() throws {
        #expect(try parse(#""\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\ude00\u0000""#).text == "\"\\/\u{8}\u{c}\n\r\té€😀\u{0}")
        #expect(try parse("\"é€😀\"").text == "é€😀")
    }

    @Test("what is written is read back the same")
    func roundTrip() throws {
        let value: JSONValue = [
            "text": "\u{1}\"\\\n😀", "list": [1, true, nil, []], "nested": ["empty": [:]], "big": .number("1e400"),
        ]
        #expect(try JSONValue(parsing: value.encoded()) == value)
    }

    @Test("every truncation of a text is refused, never trapped on")
    func truncations() throws {
        let text = Array(#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00é",true,false,null,{"b":{}}]}"#.utf8)
        _ = try JSONValue(parsing: text)
        for count in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text[..<count])) }
        }
    }

    @Test("no single changed byte traps")
    func mutations() {
        let text = Array(#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00é",true,null,{"b":{}}]}"#.utf8)
        for index in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[index] = byte
                _ = try? JSONValue(parsing: changed)
            }
        }
    }
}
