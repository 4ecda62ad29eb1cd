package import Shared

extension TypedData {
    /// Reads the form that wallets exchange (`eth_signTypedData_v4`).
    ///
    /// Numbers are decimal, bare or quoted; bytes are hexadecimal text. Surplus members are refused, and missing ones
    /// when the message is hashed.
    package init(_ json: JSONValue) throws(EIP712Error) {
        guard
            let primaryType = json["primaryType"]?.text, let domain = json["domain"], let message = json["message"],
            case .object(let structures)? = json["types"]
        else { throw .malformed }
        var types: [String: [EIP712.Field]] = [:]
        for structure in structures {
            guard let members = structure.value.elements else { throw .malformed }
            var fields: [EIP712.Field] = []
            for member in members {
                guard let name = member["name"]?.text, let type = member["type"]?.text else { throw .malformed }
                fields.append(EIP712.Field(name, type))
            }
            types[structure.key] = fields
        }
        let reader = TypedData(types: types, primaryType: primaryType, domain: [:], message: [:])
        self.init(
            types: types, primaryType: primaryType, domain: try reader.read(domain, asStructure: EIP712.domainType),
            message: try reader.read(message, asStructure: primaryType))
    }

    private func read(_ json: JSONValue, asStructure name: String) throws(EIP712Error) -> [String: EIP712.Value] {
        guard case .object(let members) = json else { throw .wrongValue }
        let fields = try fields(of: name)
        var values: [String: EIP712.Value] = [:]
        for member in members {
            guard let field = fields.first(where: { $0.name == member.key }) else { throw .unknownField }
            values[member.key] = try read(member.value, as: field.type)
        }
        return values
    }

    private func read(_ json: JSONValue, as name: String) throws(EIP712Error) -> EIP712.Value {
        if types[name] != nil { return .structure(try read(json, asStructure: name)) }
        switch (try EIP712Type(name), json) {
        case (.array(let element, _), .array(let elements)):
            var values: [EIP712.Value] = []
            for value in elements { values.append(try read(value, as: element)) }
            return .array(values)
        case (.bool, .bool(let truth)): return .bool(truth)
        case (.string, .string(let text)): return .string(text)
        case (.address, .string(let text)):
            guard let address = try? Address(text) else { throw .wrongValue }
            return .address(address)
        case (.bytes, .string(let text)), (.fixedBytes, .string(let text)):
            guard text.hasPrefix("0x"), let bytes = Hexadecimal.decode(text) else { throw .wrongValue }
            return .bytes(bytes)
        case (.uint, .number(let digits)), (.uint, .string(let digits)):
            guard let word = Word(decimal: digits) else { throw .wrongValue }
            return .uint(word)
        case (.int, .number(let digits)), (.int, .string(let digits)):
            guard let word = Word(signedDecimal: digits) else { throw .wrongValue }
            return .int(word)
        default: throw .wrongValue
        }
    }
}
