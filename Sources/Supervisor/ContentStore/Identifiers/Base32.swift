/// Base32 of RFC 4648 in lower case without padding, the customary spelling of version 1 identifiers.
enum Base32 {
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 8 + 4) / 5)
        var pending = 0
        var bits = 0
        for byte in bytes {
            pending = (pending << 8 | Int(byte)) & 0xFFF
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[pending >> bits & 31])
            }
        }
        if bits > 0 { text.append(alphabet[pending << (5 - bits) & 31]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Left-over bits are dropped: the caller encodes again and compares, which refuses them.
    static func decode(_ characters: ArraySlice<UInt8>) throws(CIDError) -> [UInt8] {
        var bytes: [UInt8] = []
        var pending = 0
        var bits = 0
        for index in characters.indices {
            let value: UInt8
            switch characters[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = characters[index] - UInt8(ascii: "a")
            case UInt8(ascii: "2")...UInt8(ascii: "7"): value = characters[index] - UInt8(ascii: "2") + 26
            default: throw .badCharacter(offset: index)
            }
            pending = (pending << 5 | Int(value)) & 0xFFF
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(pending >> bits & 0xFF))
            }
        }
        return bytes
    }
}
