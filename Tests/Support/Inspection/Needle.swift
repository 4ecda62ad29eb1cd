internal import Foundation

/// Bytes to look for, and what they are.
package struct Needle: Sendable {
    package let name: String
    package let bytes: [UInt8]

    package init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// A text in every spelling in which it could lie about.
    package static func spellings(of text: String, _ name: String) -> [Needle] {
        let utf16 = text.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let json = (try? JSONEncoder().encode([text])).map { [UInt8]($0.dropFirst(2).dropLast(2)) } ?? []
        return spellings(of: Array(text.utf8), name) + [Needle("\(name) (UTF-16)", utf16)]
            + (json == Array(text.utf8) ? [] : [Needle("\(name) (JSON)", json)])
    }

    /// Bytes as they are, as hexadecimal digits and as base64 at each of its three alignments; half a key also as the
    /// integer that it is: in decimal digits, and with its lowest byte first.
    package static func spellings(of bytes: [UInt8], _ name: String) -> [Needle] {
        let digits = bytes.map { String(format: "%02x", $0) }.joined()
        var needles = [
            Needle("\(name) (raw)", bytes), Needle("\(name) (hex)", Array(digits.utf8)),
            Needle("\(name) (HEX)", Array(digits.uppercased().utf8)),
        ]
        for shift in 0..<3 {
            // The digits that depend on these bytes alone, whatever stands before and behind them.
            let whole = Data([UInt8](repeating: 0, count: shift) + bytes)
            let text = whole.prefix(whole.count / 3 * 3).base64EncodedString().dropFirst(shift == 0 ? 0 : 4)
            needles.append(Needle("\(name) (base64+\(shift))", Array(text.utf8)))
        }
        if bytes.count == 16 {
            let number = bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
            needles += [
                Needle("\(name) (decimal)", Array(String(number).utf8)), Needle("\(name) (reversed)", bytes.reversed()),
                Needle(
                    "\(name) (reversed hex)",
                    Array(bytes.reversed().map { String(format: "%02x", $0) }.joined().utf8)),
            ]
        }
        return needles
    }
}
