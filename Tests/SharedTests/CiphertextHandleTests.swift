import Testing

import Shared

@Suite("A ciphertext handle")
struct CiphertextHandleTests {
    static let greatest = "115792089237316195423570985008687907853269984665640564039457584007913129639935"

    @Test(
        "keeps every digit of its decimal and its hexadecimal form",
        arguments: [
            ("0", "0x0"), ("1", "0x1"), ("255", "0xff"), ("256", "0x100"), ("999999999", "0x3b9ac9ff"),
            ("1000000000", "0x3b9aca00"), ("1000000001", "0x3b9aca01"), ("3735879681", "0xdead0001"),
            ("18446744073709551616", "0x10000000000000000"), ("9007199254740993", "0x20000000000001"),
            ("340282366920938463463374607431768211456", "0x100000000000000000000000000000000"),
            (greatest, "0x" + String(repeating: "f", count: 64)),
            (
                "81928572721437830212424142361142871695640320019195552712876487174650821805568",
                "0xb521edca8dd237612603e63aabe915095137cd5f61c1963c56ca45021cff0600"
            ),
        ])
    func forms(decimal: String, hexadecimal: String) throws {
        let handle = try #require(CiphertextHandle(decimal: decimal))
        #expect(handle.decimal == decimal)
        #expect(handle.hexadecimal == hexadecimal)
        #expect(CiphertextHandle(hexadecimal: hexadecimal) == handle)
        #expect(CiphertextHandle(bytes: handle.bytes) == handle)
        #expect(handle.bytes.count == 32)
        #expect(handle.isZero == (decimal == "0"))
    }

    @Test("survives both conversions for every byte position")
    func positions() throws {
        for index in 0..<32 {
            for value in [UInt8(1), 0x80, 0xFF] {
                var bytes = [UInt8](repeating: 0, count: 32)
                bytes[index] = value
                let handle = try #require(CiphertextHandle(bytes: bytes))
                #expect(CiphertextHandle(decimal: handle.decimal)?.bytes == bytes)
                #expect(CiphertextHandle(hexadecimal: handle.hexadecimal)?.bytes == bytes)
            }
        }
    }

    @Test(
        "is refused from 2²⁵⁶ on, and for anything that is not plain digits",
        arguments: [
            "115792089237316195423570985008687907853269984665640564039457584007913129639936",
            "1157920892373161954235709850086879078532699846656405640394575840079131296399350",
            "", " 1", "1 ", "+1", "-1", "1.0", "1e3", "8.192857272143783e+76", "0x1", "١",
            String(repeating: "0", count: 129),
        ])
    func refusedDecimals(text: String) {
        #expect(CiphertextHandle(decimal: text) == nil)
    }

    @Test("may have leading zeros in its text", arguments: ["00", "0001"])
    func leadingZeros(text: String) {
        #expect(CiphertextHandle(decimal: text) != nil)
    }

    @Test(
        "needs 0x and at most 64 digits in hexadecimal",
        arguments: [
            "", "0x", "ff", "0xg", "0x 1", "0x0x1", "x1", "0x1" + String(repeating: "0", count: 64), "0x-1", "0xé",
        ])
    func refusedHexadecimals(text: String) {
        #expect(CiphertextHandle(hexadecimal: text) == nil)
    }

    @Test("has exactly 32 bytes")
    func length() {
        for count in [0, 31, 33] { #expect(CiphertextHandle(bytes: [UInt8](repeating: 0, count: count)) == nil) }
    }
}
