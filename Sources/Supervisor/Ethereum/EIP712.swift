/// What structured messages are made of.
package enum EIP712 {
    package enum Value: Sendable, Equatable {
        case address(Address)
        /// For `uint8` … `uint256`.
        case uint(Word)
        /// For `int8` … `int256`, in two's complement over the whole word.
        case int(Word)
        case bool(Bool)
        /// For `bytes`, and for `bytes1` … `bytes32` with exactly that many.
        case bytes([UInt8])
        case string(String)
        case array([Value])
        case structure([String: Value])
    }

    /// One member of a structured type.
    package struct Field: Sendable, Equatable {
        package let name: String
        package let type: String

        package init(_ name: String, _ type: String) {
            self.name = name
            self.type = type
        }
    }

    /// The name under which the domain's own type stands among the types.
    package static let domainType = "EIP712Domain"

    /// The domain that most contracts use.
    package static let standardDomain = [
        Field("name", "string"), Field("version", "string"), Field("chainId", "uint256"),
        Field("verifyingContract", "address"),
    ]
}

/// Why a structured message has no digest.
package enum EIP712Error: Error, Equatable {
    /// Not an object with `types`, `primaryType`, `domain` and `message` of the right kinds.
    case malformed
    /// A type that is neither among the types nor one of Solidity's value types.
    case unknownType
    /// A field of the type has no value.
    case missingField
    /// There is a value that the type does not name, so that it would not be signed.
    case unknownField
    /// A value is of another kind than its type, or out of the type's range.
    case wrongValue
}

/// A type's name, taken apart. A name that stands among a message's types is a structure, whatever it looks like.
enum EIP712Type: Equatable {
    case array(element: String, count: Int?)
    case address, bool, string, bytes
    case uint(bits: Int)
    case int(bits: Int)
    case fixedBytes(Int)

    init(_ name: String) throws(EIP712Error) {
        if name.hasSuffix("]"), let open = name.lastIndex(of: "[") {
            let digits = name[name.index(after: open)...].dropLast()
            let count = EIP712Type.number(digits)
            guard digits.isEmpty || count != nil else { throw .unknownType }
            self = .array(element: String(name[..<open]), count: count)
            return
        }
        switch name {
        case "address": self = .address
        case "bool": self = .bool
        case "string": self = .string
        case "bytes": self = .bytes
        default:
            if let bits = EIP712Type.size(in: name, after: "uint"), EIP712Type.isWidth(bits) {
                self = .uint(bits: bits)
            } else if let bits = EIP712Type.size(in: name, after: "int"), EIP712Type.isWidth(bits) {
                self = .int(bits: bits)
            } else if let count = EIP712Type.size(in: name, after: "bytes"), (1...32).contains(count) {
                self = .fixedBytes(count)
            } else {
                throw .unknownType
            }
        }
    }

    private static func size(in name: String, after prefix: String) -> Int? {
        name.hasPrefix(prefix) ? number(name.dropFirst(prefix.count)) : nil
    }

    private static func isWidth(_ bits: Int) -> Bool { (8...256).contains(bits) && bits.isMultiple(of: 8) }

    /// Digits as Solidity writes them: no sign, no leading zero.
    private static func number(_ digits: Substring) -> Int? {
        guard let value = Int(digits), String(value) == digits, value >= 0 else { return nil }
        return value
    }
}
