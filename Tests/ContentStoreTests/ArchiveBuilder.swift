import ContentStore

/// Makes archives as a gateway would, and as none should.
enum ArchiveBuilder {
    static func archive(roots: [CID], version: UInt8 = 1, blocks: [(cid: CID, bytes: [UInt8])]) -> [UInt8] {
        var header: [UInt8] = [0xA2, 0x65] + Array("roots".utf8) + [0x80 | UInt8(roots.count)]
        for root in roots { header += [0xD8, 42, 0x58, UInt8(root.bytes.count + 1), 0] + root.bytes }
        header += [0x67] + Array("version".utf8) + [version]
        return prefixed(header) + blocks.flatMap { prefixed($0.cid.bytes + $0.bytes) }
    }

    static func archive(of file: [UInt8], layout: UnixFS.Layout) -> (root: CID, bytes: [UInt8]) {
        let blocks = unique(file, layout)
        let root = UnixFS.cid(of: file, layout: layout)
        return (root, archive(roots: [root], blocks: blocks))
    }

    /// Each block once, root first, as gateways send them.
    static func unique(_ file: [UInt8], _ layout: UnixFS.Layout) -> [(cid: CID, bytes: [UInt8])] {
        var seen: Set<CID> = []
        return UnixFS.blocks(of: file, layout: layout).reversed()
            .filter { seen.insert($0.cid).inserted }
            .map { ($0.cid, $0.bytes) }
    }

    static func prefixed(_ bytes: [UInt8]) -> [UInt8] { varint(bytes.count) + bytes }

    static func varint(_ value: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest >= 128 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// A dag-pb node from parts, right or wrong.
    static func node(links: [(cid: CID, size: Int)], file: [UInt8]) -> [UInt8] {
        let encoded = links.flatMap { link in
            [0x12] + prefixed([0x0A] + prefixed(link.cid.bytes) + [0x12, 0, 0x18] + varint(link.size))
        }
        return encoded + [0x0A] + prefixed(file)
    }

    /// The UnixFS part of a file node.
    static func file(type: UInt8 = 2, data: [UInt8]? = nil, size: Int, parts: [Int] = []) -> [UInt8] {
        [0x08, type] + (data.map { [0x12] + prefixed($0) } ?? []) + [0x18] + varint(size)
            + parts.flatMap { [0x20] + varint($0) }
    }
}
