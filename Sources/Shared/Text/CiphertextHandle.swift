/// The 256-bit name of a CoFHE ciphertext.
package struct CiphertextHandle: Sendable, Hashable {
    /// 32 bytes, the most significant first.
    package let bytes: [UInt8]

    package static let zero = CiphertextHandle(checked: [UInt8](repeating: 0, count: 32))

    /// Nil unless there are exactly 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    private init(checked bytes: [UInt8]) { self.bytes = bytes }

    /// Zero stands for "no handle yet", never for a ciphertext.
    package var isZero: Bool { bytes.allSatisfy { $0 == 0 } }

    /// The type of a half of a key (cofhe.md 5).
    package static let uint128: UInt8 = 6

    /// Whether the network knows a half of a key by this name: byte 30 is the type, byte 31 the security zone, of which
    /// there is one. The highest bit of the type would mean that the value was public from the start.
    package var isKeyHalf: Bool { !isZero && bytes[30] == CiphertextHandle.uint128 && bytes[31] == 0 }

    /// The name of a half of a key: coordinators give the bare hash of a ciphertext where they do not know its name yet.
    package var asKeyHalf: CiphertextHandle {
        isZero ? self : CiphertextHandle(checked: bytes.prefix(30) + [CiphertextHandle.uint128, 0])
    }

    /// `0x` and the digits without leading zeros, as the threshold network wants them.
    package var hexadecimal: String {
        let digits = Hexadecimal.encode(bytes).drop { $0 == "0" }
        return "0x" + (digits.isEmpty ? "0" : digits)
    }

    /// Decimal digits without leading zeros.
    package var decimal: String {
        var limbs = bytes
        var groups: [Int] = []
        repeat {
            // Schoolbook division by 10⁹, one byte at a time.
            var remainder = 0
            for index in limbs.indices {
                let value = remainder << 8 | Int(limbs[index])
                limbs[index] = UInt8(value / CiphertextHandle.group)
                remainder = value % CiphertextHandle.group
            }
            groups.append(remainder)
            limbs = Array(limbs.drop { $0 == 0 })
        } while !limbs.isEmpty
        let rest = groups.dropLast().reversed().map { String(String($0 + CiphertextHandle.group).dropFirst()) }
        return String(groups[groups.count - 1]) + rest.joined()
    }

    private static let group = 1_000_000_000

    /// Decimal digits alone; nil for a sign, a fraction, an exponent, white space or a value past 2²⁵⁶ − 1.
    package init?(decimal text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.count <= CiphertextHandle.longestText else { return nil }
        var value = [UInt8](repeating: 0, count: 32)
        for digit in text.utf8 {
            guard (0x30...0x39).contains(digit) else { return nil }
            var carry = Int(digit - 0x30)
            for index in value.indices.reversed() {
                carry += Int(value[index]) * 10
                value[index] = UInt8(truncatingIfNeeded: carry)
                carry >>= 8
            }
            guard carry == 0 else { return nil }
        }
        bytes = value
    }

    /// `0x` and 1 to 64 digits of either case.
    package init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8.dropFirst(2)
        guard text.hasPrefix("0x") || text.hasPrefix("0X"), (1...64).contains(digits.count) else { return nil }
        let padded = String(repeating: "0", count: 64 - digits.count) + String(decoding: digits, as: UTF8.self)
        guard let decoded = Hexadecimal.decode("0x" + padded) else { return nil }
        self.init(bytes: decoded)
    }

    /// Longer texts are no handle, however many zeros they start with.
    private static let longestText = 128

    /// Reads what the coordinator sends for a handle: null, an integer of any size, decimal or hexadecimal text
    /// (icl.md 0.1). `absent` is null or no member at all.
    package enum Reading: Equatable {
        case absent
        case handle(CiphertextHandle)
        case unreadable
    }

    package static func read(_ value: JSONValue?) -> Reading {
        switch value {
        case nil, .null: return .absent
        case .number(let digits): return CiphertextHandle(decimal: digits).map(Reading.handle) ?? .unreadable
        case .string(let text):
            let handle = CiphertextHandle(decimal: text) ?? CiphertextHandle(hexadecimal: text)
            return handle.map(Reading.handle) ?? .unreadable
        default: return .unreadable
        }
    }
}
