/// The type of a value in a call of a contract, as far as this network's contracts use them.
package indirect enum ABIType: Equatable, Sendable {
    /// 8 to 256 bits.
    case uint(bits: Int)
    case address, bool, string
    case bytes
    /// 1 to 32 bytes.
    case fixedBytes(Int)
    case array(of: ABIType)
    case tuple([ABIType])

    /// Whether the value stands behind an offset.
    var isDynamic: Bool {
        switch self {
        case .string, .bytes, .array: true
        case .tuple(let members): members.contains { $0.isDynamic }
        case .uint, .address, .bool, .fixedBytes: false
        }
    }

    /// Bytes in the part where offsets and static values stand.
    var headLength: Int {
        if case .tuple(let members) = self, !isDynamic { return members.reduce(0) { $0 + $1.headLength } }
        return Word.byteCount
    }
}

extension ABIType {
    /// A list of types as Solidity writes it, such as `uint256,(bytes,address[])`; nil for anything else.
    package static func list(_ text: String) -> [ABIType]? {
        var rest = Substring(text)
        guard let types = list(&rest, depth: 0), rest.isEmpty else { return nil }
        return types
    }

    private static func list(_ rest: inout Substring, depth: Int) -> [ABIType]? {
        var types: [ABIType] = []
        if rest.isEmpty || rest.first == ")" { return types }
        while true {
            guard let type = one(&rest, depth: depth) else { return nil }
            types.append(type)
            guard rest.first == "," else { return types }
            rest.removeFirst()
        }
    }

    private static func one(_ rest: inout Substring, depth: Int) -> ABIType? {
        guard depth < 8 else { return nil }
        var type: ABIType
        if rest.first == "(" {
            rest.removeFirst()
            guard let members = list(&rest, depth: depth + 1), rest.first == ")" else { return nil }
            rest.removeFirst()
            type = .tuple(members)
        } else {
            let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
            guard let named = ABIType(name: name) else { return nil }
            rest = rest.dropFirst(name.count)
            type = named
        }
        while rest.hasPrefix("[]") {
            rest = rest.dropFirst(2)
            type = .array(of: type)
        }
        return type
    }

    private init?(name: Substring) {
        switch name {
        case "address": self = .address
        case "bool": self = .bool
        case "string": self = .string
        case "bytes": self = .bytes
        default:
            if name.hasPrefix("uint"), let bits = Int(name.dropFirst(4)), (8...256).contains(bits), bits % 8 == 0 {
                self = .uint(bits: bits)
            } else if name.hasPrefix("bytes"), let count = Int(name.dropFirst(5)), (1...32).contains(count) {
                self = .fixedBytes(count)
            } else {
                return nil
            }
        }
    }
}
