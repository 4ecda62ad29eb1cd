import ContentStore

extension FuzzTarget {
    private static let verifier = ContentVerifier(limits: VerificationLimits(maximumBytes: 1 << 16))

    /// The input as a block, as an archive, and as the recipe of one.
    static func readArchives(_ bytes: [UInt8]) {
        for form in [CID.Form.v0, .v1(.dagPB), .v1(.raw)] {
            _ = try? verifier.file(CID(of: bytes, form: form), inBlock: bytes)
        }
        // The root that a customary header names: `{"roots": [link], "version": 1}` with one link of 36 bytes.
        let digest = bytes.dropFirst(18).prefix(32)
        if bytes.count > 60, let root = try? CID("f0170" + "1220" + digest.map(hexadecimal).joined()) {
            _ = try? verifier.file(root, inArchive: bytes)
        }
        let (root, archive) = make(from: bytes)
        if let file = try? verifier.file(root, inArchive: archive) {
            precondition(file.count <= verifier.limits.maximumBytes)
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    /// Blocks whose hashes are right, so that what is fuzzed is the file they make: each of the input's pieces becomes a
    /// leaf, or a node with earlier blocks for children (any of them, as often as it likes), sizes as the input says.
    private static func make(from bytes: [UInt8]) -> (root: CID, archive: [UInt8]) {
        var rest = bytes[...]
        func next() -> Int { rest.popFirst().map(Int.init) ?? 0 }
        var blocks: [(cid: CID, bytes: [UInt8])] = []
        repeat {
            let kind = next()
            let count = next() % 32
            if kind % 4 == 0 || blocks.isEmpty {
                let leaf = Array(rest.prefix(count))
                rest = rest.dropFirst(count)
                blocks.append((CID(of: leaf, form: .v1(.raw)), leaf))
            } else {
                let children = (0..<count).map { _ in (blocks[next() % blocks.count], next()) }
                var links: [UInt8] = []
                var sizes: [UInt8] = []
                for (child, wrong) in children {
                    links += [0x12] + prefixed([0x0A] + prefixed(child.cid.bytes) + [0x12, 0, 0x18, 0])
                    sizes += [0x20] + varint(wrong == 0 ? child.bytes.count : wrong)
                }
                let total = kind % 4 == 1 ? children.reduce(0) { $0 + $1.0.bytes.count } : next()
                let node = links + [0x0A] + prefixed([0x08, 2, 0x18] + varint(total) + sizes)
                blocks.append((CID(of: node, form: .v1(.dagPB)), node))
            }
        } while !rest.isEmpty && blocks.count < 64
        let root = blocks[blocks.count - 1].cid
        let header =
            [0xA2, 0x65] + Array("roots".utf8) + [0x81, 0xD8, 42, 0x58, 37, 0] + root.bytes + [0x67]
            + Array("version".utf8) + [1]
        return (root, prefixed(header) + blocks.flatMap { prefixed($0.cid.bytes + $0.bytes) })
    }

    private static func prefixed(_ bytes: [UInt8]) -> [UInt8] { varint(bytes.count) + bytes }

    private static func varint(_ value: Int) -> [UInt8] {
        value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7)
    }
}
