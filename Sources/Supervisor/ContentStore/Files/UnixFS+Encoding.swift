internal import Shared

extension UnixFS {
    /// A finished node, as its parent sees it.
    struct Node {
        let codec: CID.Codec
        let digest: [UInt8]
        /// Bytes of the file beneath this node.
        let fileBytes: Int
        /// Bytes of all blocks beneath and including this node, which links carry as `Tsize`.
        let storedBytes: Int

        /// Raw blocks have version 1 identifiers even inside version 0 trees, for version 0 knows no codec.
        func form(_ version: CID.Version) -> CID.Form { codec == .raw || version == .one ? .v1(codec) : .v0 }
    }

    /// Hashes the leaves. Their digests do not depend on the version, so callers that try both need them once.
    static func leafNodes(
        of bytes: [UInt8], _ leaves: Leaves, chunkBytes: Int, block: (Node, () -> [UInt8]) -> Void = { _, _ in }
    ) -> [Node] {
        var nodes: [Node] = []
        nodes.reserveCapacity(bytes.count / chunkBytes + 1)
        var start = 0
        repeat {
            let end = bytes.count - start > chunkBytes ? start + chunkBytes : bytes.count
            let range = start..<end
            switch leaves {
            case .raw:
                let digest = bytes.withUnsafeBytes { SHA256.hash(UnsafeRawBufferPointer(rebasing: $0[range])) }
                let node = Node(codec: .raw, digest: digest, fileBytes: range.count, storedBytes: range.count)
                block(node) { Array(bytes[range]) }
                nodes.append(node)
            case .wrapped:
                let (head, tail) = wrapping(range.count)
                var hash = SHA256()
                hash.update(head)
                // In place: a chunk is never copied just to be hashed.
                bytes.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[range])) }
                hash.update(tail)
                let node = Node(
                    codec: .dagPB, digest: hash.finish(), fileBytes: range.count,
                    storedBytes: head.count + range.count + tail.count)
                block(node) { head + bytes[range] + tail }
                nodes.append(node)
            }
            start = end
        } while start < bytes.count
        return nodes
    }

    /// Joins nodes level by level, each parent as full as it can be, until one is left.
    static func tree(
        over leaves: [Node], version: CID.Version, linksPerNode: Int, block: (Node, [UInt8]) -> Void = { _, _ in }
    ) -> Node {
        var level = leaves
        while level.count > 1 {
            var parents: [Node] = []
            for start in stride(from: 0, to: level.count, by: linksPerNode) {
                let children = level[start..<min(start + linksPerNode, level.count)]
                let encoded = parent(of: children, version)
                let node = Node(
                    codec: .dagPB, digest: SHA256.hash(encoded),
                    fileBytes: children.reduce(0) { $0 + $1.fileBytes },
                    storedBytes: children.reduce(encoded.count) { $0 + $1.storedBytes })
                block(node, encoded)
                parents.append(node)
            }
            level = parents
        }
        return level[0]
    }

    /// What stands around a chunk of this many bytes in a dag-pb node. An empty chunk has no data field at all.
    private static func wrapping(_ chunkBytes: Int) -> (head: [UInt8], tail: [UInt8]) {
        var start: [UInt8] = [Field.type, fileType]
        if chunkBytes > 0 {
            start.append(Field.data)
            Varint.append(chunkBytes, to: &start)
        }
        var tail: [UInt8] = [Field.fileBytes]
        Varint.append(chunkBytes, to: &tail)
        var head: [UInt8] = [Field.nodeData]
        Varint.append(start.count + chunkBytes + tail.count, to: &head)
        return (head + start, tail)
    }

    /// A dag-pb node: links first, then the UnixFS part with the size of each child, as canonical dag-pb has it.
    private static func parent(of children: ArraySlice<Node>, _ version: CID.Version) -> [UInt8] {
        var block: [UInt8] = []
        block.reserveCapacity(children.count * 64)
        var file: [UInt8] = [Field.type, fileType, Field.fileBytes]
        Varint.append(children.reduce(0) { $0 + $1.fileBytes }, to: &file)
        for child in children {
            let identifier = CID.binary(child.form(version), child.digest)
            var link: [UInt8] = [Field.linkHash]
            Varint.append(identifier.count, to: &link)
            link += identifier
            // kubo writes the empty name of a file's link, and the hash depends on it.
            link += [Field.linkName, 0, Field.linkStoredBytes]
            Varint.append(child.storedBytes, to: &link)
            block.append(Field.nodeLink)
            Varint.append(link.count, to: &block)
            block += link
            file.append(Field.blockBytes)
            Varint.append(child.fileBytes, to: &file)
        }
        block.append(Field.nodeData)
        Varint.append(file.count, to: &block)
        return block + file
    }

    static let rawType: UInt8 = 0
    static let fileType: UInt8 = 2

    /// Protobuf keys: field number times 8, plus the wire type (0 varint, 2 bytes).
    enum Field {
        static let nodeData: UInt8 = 0x0A
        static let nodeLink: UInt8 = 0x12

        static let linkHash: UInt8 = 0x0A
        static let linkName: UInt8 = 0x12
        static let linkStoredBytes: UInt8 = 0x18

        static let type: UInt8 = 0x08
        static let data: UInt8 = 0x12
        static let fileBytes: UInt8 = 0x18
        static let blockBytes: UInt8 = 0x20
    }
}
