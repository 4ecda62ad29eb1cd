/// Hexadecimal text of bytes that are no secret.
package enum Hexadecimal {
    private static let digits: [UInt8] = Array("0123456789abcdef".utf8)

    /// Lower-case digits without a prefix.
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Decodes an even number of digits of either case, with or without `0x`; nil for anything else.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var digits = Array(text.utf8)[...]
        if digits.starts(with: [0x30, 0x78]) || digits.starts(with: [0x30, 0x58]) { digits = digits.dropFirst(2) }
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        var index = digits.startIndex
        while index < digits.endIndex {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
            index += 2
        }
        return bytes
    }

    /// The value of one digit, nil for any other byte.
    package static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        case 0x41...0x46: digit - 0x41 + 10
        default: nil
        }
    }
}

extension SecretBytes {
    /// Decodes hexadecimal text (either case, optional `0x`) without a copy outside locked memory.
    ///
    /// Throws `SecretTextError.notHexadecimal` for anything else.
    package static func decodingHexadecimal(_ text: borrowing SecretBytes) throws -> SecretBytes {
        var decoded = try SecretBytes(capacity: text.count / 2 + 1)
        try text.withBytes { digits in
            var index = 0
            if digits.count >= 2, digits[0] == 0x30, digits[1] | 0x20 == 0x78 { index = 2 }
            guard (digits.count - index).isMultiple(of: 2) else { throw SecretTextError.notHexadecimal }
            while index < digits.count {
                guard let high = Hexadecimal.value(digits[index]), let low = Hexadecimal.value(digits[index + 1]) else {
                    throw SecretTextError.notHexadecimal
                }
                try decoded.append(high << 4 | low)
                index += 2
            }
        }
        return decoded
    }

    /// Appends the lower-case hexadecimal digits of `other`.
    package mutating func append(hexadecimalOf other: borrowing SecretBytes) throws(SecretMemoryError) {
        for index in 0..<other.count {
            let byte = other.withBytes { $0[index] }
            for nibble in [byte >> 4, byte & 15] { try append(nibble < 10 ? 0x30 + nibble : 0x61 + nibble - 10) }
        }
    }
}

package enum SecretTextError: Error { case notHexadecimal }
