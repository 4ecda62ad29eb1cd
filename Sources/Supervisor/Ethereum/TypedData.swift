internal import Shared

/// A structured message and the domain it is meant for (EIP-712).
package struct TypedData: Sendable, Equatable {
    package let types: [String: [EIP712.Field]]
    package let primaryType: String
    package let domain: [String: EIP712.Value]
    package let message: [String: EIP712.Value]

    /// - Parameter types: all structures, the domain's among them as `EIP712Domain`.
    package init(
        types: [String: [EIP712.Field]], primaryType: String, domain: [String: EIP712.Value],
        message: [String: EIP712.Value]
    ) {
        self.types = types
        self.primaryType = primaryType
        self.domain = domain
        self.message = message
    }

    /// What is signed.
    package func digest() throws(EIP712Error) -> [UInt8] {
        Keccak256.hash([0x19, 0x01] + (try domainSeparator()) + (try hashStruct(primaryType, message)))
    }

    package func domainSeparator() throws(EIP712Error) -> [UInt8] { try hashStruct(EIP712.domainType, domain) }

    package func hashStruct(_ name: String, _ values: [String: EIP712.Value]) throws(EIP712Error) -> [UInt8] {
        let fields = try fields(of: name)
        guard values.count <= fields.count else { throw .unknownField }
        var encoded = Keccak256.hash(Array(try encodeType(name).utf8))
        for field in fields {
            guard let value = values[field.name] else { throw .missingField }
            encoded += try encode(value, as: field.type)
        }
        // Every field found its value, so that a surplus value shows in the count.
        guard values.count == fields.count else { throw .unknownField }
        return Keccak256.hash(encoded)
    }

    /// `Name(type field,…)`, followed by the structures it refers to in alphabetical order.
    package func encodeType(_ name: String) throws(EIP712Error) -> String {
        var referenced: Set<String> = []
        try collect(name, into: &referenced)
        referenced.remove(name)
        var text = ""
        for structure in [name] + referenced.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            let members = try fields(of: structure).map { "\($0.type) \($0.name)" }
            text += "\(structure)(\(members.joined(separator: ",")))"
        }
        return text
    }

    func fields(of name: String) throws(EIP712Error) -> [EIP712.Field] {
        guard let fields = types[name] else { throw .unknownType }
        return fields
    }

    private func collect(_ name: String, into referenced: inout Set<String>) throws(EIP712Error) {
        guard referenced.insert(name).inserted else { return }
        for field in try fields(of: name) {
            let base = String(field.type.prefix { $0 != "[" })
            if types[base] != nil { try collect(base, into: &referenced) }
        }
    }

    /// A value as it stands inside its structure: always 32 bytes.
    private func encode(_ value: EIP712.Value, as name: String) throws(EIP712Error) -> [UInt8] {
        if types[name] != nil {
            guard case .structure(let values) = value else { throw .wrongValue }
            return try hashStruct(name, values)
        }
        switch (try EIP712Type(name), value) {
        case (.array(let element, let count), .array(let values)):
            guard count == nil || count == values.count else { throw .wrongValue }
            var encoded: [UInt8] = []
            for value in values { encoded += try encode(value, as: element) }
            return Keccak256.hash(encoded)
        case (.address, .address(let address)): return [UInt8](repeating: 0, count: 12) + address.bytes
        case (.bool, .bool(let truth)): return Word(truth ? 1 : 0).bytes
        case (.string, .string(let text)): return Keccak256.hash(Array(text.utf8))
        case (.bytes, .bytes(let bytes)): return Keccak256.hash(bytes)
        case (.fixedBytes(let count), .bytes(let bytes)) where bytes.count == count:
            return bytes + [UInt8](repeating: 0, count: Word.byteCount - count)
        case (.uint(let bits), .uint(let word)) where word.fitsUnsigned(bits: bits): return word.bytes
        case (.int(let bits), .int(let word)) where word.fitsSigned(bits: bits): return word.bytes
        default: throw .wrongValue
        }
    }
}
