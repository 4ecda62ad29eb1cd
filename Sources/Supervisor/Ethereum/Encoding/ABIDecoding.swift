extension ABIValue {
    /// What a contract answered, or the arguments of an error or an event. Strict where a contract's own code would be,
    /// and bounded: no length is believed before the data has that many bytes.
    package static func decode(_ data: [UInt8], as types: [ABIType]) throws(ABIError) -> [ABIValue] {
        var reader = ABIReader(data: data)
        return try reader.values(types, at: 0)
    }
}

private struct ABIReader {
    let data: [UInt8]
    /// Words that may still be read: offsets may point at the same bytes again and again.
    private var left = 40_000

    init(data: [UInt8]) { self.data = data }

    /// Values whose heads stand behind each other from `base`, which offsets count from.
    mutating func values(_ types: [ABIType], at base: Int) throws(ABIError) -> [ABIValue] {
        var values: [ABIValue] = []
        var position = base
        for type in types {
            values.append(try value(type, at: position, base: base))
            position += type.headLength
        }
        return values
    }

    private mutating func value(_ type: ABIType, at position: Int, base: Int) throws(ABIError) -> ABIValue {
        guard left > 0 else { throw .tooMany }
        left -= 1
        if type.isDynamic {
            let offset = try size(at: position)
            guard offset <= data.count - base else { throw .truncated }
            return try dynamic(type, at: base + offset)
        }
        if case .tuple(let members) = type { return .tuple(try values(members, at: position)) }
        let word = try word(at: position)
        switch type {
        case .uint(let bits):
            guard word.fitsUnsigned(bits: bits) else { throw .malformed }
            return .uint(word)
        case .address:
            guard word.fitsUnsigned(bits: 160), let address = Address(bytes: Array(word.bytes.suffix(20))) else {
                throw .malformed
            }
            return .address(address)
        case .bool:
            guard word == Word(0) || word == Word(1) else { throw .malformed }
            return .bool(word == Word(1))
        case .fixedBytes(let count):
            guard word.bytes.dropFirst(count).allSatisfy({ $0 == 0 }) else { throw .malformed }
            return .bytes(Array(word.bytes.prefix(count)))
        case .string, .bytes, .array, .tuple: throw .mismatch
        }
    }

    private mutating func dynamic(_ type: ABIType, at position: Int) throws(ABIError) -> ABIValue {
        if case .tuple(let members) = type { return .tuple(try values(members, at: position)) }
        let count = try size(at: position)
        let start = position + Word.byteCount
        if case .array(let element) = type {
            // An element without bytes could be had without end.
            guard element.headLength > 0, count <= (data.count - start) / element.headLength else { throw .truncated }
            return .array(try values([ABIType](repeating: element, count: count), at: start))
        }
        guard count <= data.count - start else { throw .truncated }
        left -= count / Word.byteCount
        guard left >= 0 else { throw .tooMany }
        let bytes = Array(data[start..<start + count])
        guard type == .string else { return .bytes(bytes) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed }
        return .string(text)
    }

    private func word(at position: Int) throws(ABIError) -> Word {
        guard position <= data.count - Word.byteCount,
            let word = Word(bytes: data[position..<position + Word.byteCount])
        else { throw .truncated }
        return word
    }

    /// A length or an offset, which must be one that this data can have.
    private func size(at position: Int) throws(ABIError) -> Int {
        let word = try word(at: position)
        guard word.fitsUnsigned(bits: 32) else { throw .truncated }
        return word.bytes.suffix(4).reduce(0) { $0 << 8 | Int($1) }
    }
}
