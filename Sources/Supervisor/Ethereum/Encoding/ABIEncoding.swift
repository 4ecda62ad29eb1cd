extension ABIValue {
    /// Arguments behind each other, as they follow a selector.
    package static func encode(_ values: [ABIValue], as types: [ABIType]) throws(ABIError) -> [UInt8] {
        guard values.count == types.count else { throw .mismatch }
        var head: [UInt8] = []
        var tail: [UInt8] = []
        let headLength = types.reduce(0) { $0 + $1.headLength }
        for (value, type) in zip(values, types) {
            let encoded = try value.encoded(as: type)
            if type.isDynamic {
                head += Word(UInt64(headLength + tail.count)).bytes
                tail += encoded
            } else {
                head += encoded
            }
        }
        return head + tail
    }

    private func encoded(as type: ABIType) throws(ABIError) -> [UInt8] {
        switch (type, self) {
        case (.uint(let bits), .uint(let word)):
            guard word.fitsUnsigned(bits: bits) else { throw .mismatch }
            return word.bytes
        case (.address, .address(let address)):
            return [UInt8](repeating: 0, count: Word.byteCount - address.bytes.count) + address.bytes
        case (.bool, .bool(let truth)): return Word(truth ? 1 : 0).bytes
        case (.fixedBytes(let count), .bytes(let bytes)):
            guard bytes.count == count else { throw .mismatch }
            return ABIValue.padded(bytes)
        case (.bytes, .bytes(let bytes)): return Word(UInt64(bytes.count)).bytes + ABIValue.padded(bytes)
        case (.string, .string(let text)):
            return Word(UInt64(text.utf8.count)).bytes + ABIValue.padded(Array(text.utf8))
        case (.array(let element), .array(let elements)):
            let types = [ABIType](repeating: element, count: elements.count)
            return Word(UInt64(elements.count)).bytes + (try ABIValue.encode(elements, as: types))
        case (.tuple(let types), .tuple(let members)): return try ABIValue.encode(members, as: types)
        default: throw .mismatch
        }
    }

    /// Zeros behind, to whole words.
    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (Word.byteCount - bytes.count % Word.byteCount) % Word.byteCount)
    }
}
