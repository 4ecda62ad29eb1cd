/// How one byte of UTF-8 stands inside a JSON string: itself, or an escape of 2 or 6 bytes.
package enum JSONEscaping {
    package static func escape(_ byte: UInt8) -> (length: Int, bytes: [UInt8]) {
        switch byte {
        case 0x22: (2, Array("\\\"".utf8))
        case 0x5C: (2, Array("\\\\".utf8))
        case 0x08: (2, Array("\\b".utf8))
        case 0x0C: (2, Array("\\f".utf8))
        case 0x0A: (2, Array("\\n".utf8))
        case 0x0D: (2, Array("\\r".utf8))
        case 0x09: (2, Array("\\t".utf8))
        case 0x00..<0x20: (6, Array("\\u00".utf8) + Array(Hexadecimal.encode([byte]).utf8))
        default: (1, [])
        }
    }

    /// The length that `text` takes inside quotes.
    package static func length(of text: borrowing SecretBytes) -> Int {
        text.withBytes { bytes in
            var length = 0
            for byte in bytes {
                switch byte {
                case 0x22, 0x5C, 0x08, 0x09, 0x0A, 0x0C, 0x0D: length += 2
                case 0x00..<0x20: length += 6
                default: length += 1
                }
            }
            return length
        }
    }
}

extension SecretBytes {
    /// Appends `byte` as it stands inside a JSON string.
    package mutating func append(jsonEscaped byte: UInt8) throws(SecretMemoryError) {
        let escaped = JSONEscaping.escape(byte)
        if escaped.length == 1 { try append(byte) } else { try append(public: escaped.bytes.prefix(escaped.length)) }
    }
}
