/// The archive format in which trustless gateways answer (CAR version 1), read strictly and with every hash checked.
///
/// Each block stands once; order does not matter, since blocks are looked up while the file is put together.
enum Archive {
    static func read(
        _ bytes: [UInt8], root: CID, maximumBlocks: Int
    ) throws(VerificationError) -> BlockSet {
        var reader = BlockReader(bytes, 0..<bytes.count)
        try checkHeader(bytes, try reader.field(), root)
        var blocks = BlockSet(bytes)
        while !reader.isAtEnd {
            guard blocks.count < maximumBlocks else { throw .tooManyBlocks(limit: maximumBlocks) }
            var section = BlockReader(bytes, try reader.field())
            let key = try identifier(&section)
            try blocks.add(key, section.offset..<section.end)
        }
        return blocks
    }

    private static func identifier(_ section: inout BlockReader) throws(VerificationError) -> BlockSet.Key {
        guard let first = section.next else { throw .truncated }
        guard let length = CID.binaryLength(startingWith: first) else { throw .badIdentifier(.unsupportedVersion) }
        let range = try section.take(length)
        return try BlockSet.Key(binary: section.bytes[range])
    }

    /// The header is `{"roots": [link], "version": 1}` in dag-cbor, whose canonical form has one order of keys.
    private static func checkHeader(
        _ bytes: [UInt8], _ range: Range<Int>, _ root: CID
    ) throws(VerificationError) {
        var reader = BlockReader(bytes, range)
        let pairs = try head(&reader, .map)
        // Version 2 begins with a header of its version alone.
        if pairs == 1, try isText("version", &reader), try head(&reader, .unsigned) == 2, reader.isAtEnd {
            throw .unsupportedArchiveVersion
        }
        guard pairs == 2, try isText("roots", &reader) else { throw .badArchiveHeader }
        let roots = try head(&reader, .array)
        guard roots == 1 else { throw .wrongRoots(count: roots) }
        guard try head(&reader, .tag) == linkTag else { throw .badArchiveHeader }
        let link = try reader.take(try head(&reader, .bytes))
        // Links in dag-cbor have a zero in front, the mark of a binary identifier.
        guard let zero = link.first, bytes[zero] == 0 else { throw .badArchiveHeader }
        let found = try BlockSet.Key(binary: bytes[link.dropFirst()])
        guard try isText("version", &reader) else { throw .badArchiveHeader }
        guard try head(&reader, .unsigned) == 1 else { throw .unsupportedArchiveVersion }
        guard reader.isAtEnd else { throw .badArchiveHeader }
        guard found == BlockSet.Key(root) else { throw .wrongRoot }
    }

    private static let linkTag = 42

    private enum Major: UInt8 {
        case unsigned = 0
        case bytes = 2
        case text = 3
        case array = 4
        case map = 5
        case tag = 6
    }

    /// The argument of an item's head in its shortest form; more than 255 is no part of a header.
    private static func head(_ reader: inout BlockReader, _ major: Major) throws(VerificationError) -> Int {
        let first = try reader.byte()
        guard first >> 5 == major.rawValue else { throw .badArchiveHeader }
        switch first & 31 {
        case 0..<24: return Int(first & 31)
        case 24:
            let argument = try reader.byte()
            guard argument >= 24 else { throw .badArchiveHeader }
            return Int(argument)
        default: throw .badArchiveHeader
        }
    }

    private static func isText(_ text: StaticString, _ reader: inout BlockReader) throws(VerificationError) -> Bool {
        let range = try reader.take(try head(&reader, .text))
        return text.withUTF8Buffer { reader.bytes[range].elementsEqual($0) }
    }
}
