/// Files as IPFS stores them: cut into leaves, which dag-pb nodes hold together in a balanced tree.
///
/// The same bytes get different identifiers under different layouts, so a layout is part of every answer.
package enum UnixFS {
    package enum Leaves: Hashable, Sendable {
        /// Chunks wrapped in dag-pb file nodes, the habit of version 0.
        case wrapped
        /// Bare chunks, the habit of version 1.
        case raw
    }

    package struct Layout: Hashable, Sendable {
        package var version: CID.Version
        package var leaves: Leaves
        package var chunkBytes: Int
        package var linksPerNode: Int

        /// Precondition: a chunk has at least one byte and a node at least two links, or a tree would never end.
        package init(version: CID.Version, leaves: Leaves, chunkBytes: Int = 256 << 10, linksPerNode: Int = 174) {
            precondition(chunkBytes >= 1 && linksPerNode >= 2)
            self.version = version
            self.leaves = leaves
            self.chunkBytes = chunkBytes
            self.linksPerNode = linksPerNode
        }

        /// What `ipfs add` makes by default.
        package static let v0 = Layout(version: .zero, leaves: .wrapped)
        /// What `ipfs add --cid-version=1` makes by default.
        package static let v1 = Layout(version: .one, leaves: .raw)
    }

    package struct Block: Sendable {
        package let cid: CID
        package let bytes: [UInt8]
    }

    /// The identifier that `ipfs add` gives a file of these bytes.
    package static func cidV0(of bytes: [UInt8]) -> CID { cid(of: bytes, layout: .v0) }

    /// The identifier of a file of these bytes under a layout.
    package static func cid(of bytes: [UInt8], layout: Layout) -> CID { encode(bytes, layout: layout) { _ in } }

    /// Encodes a file, children before parents, and returns its identifier, which is the last block's.
    ///
    /// Equal chunks are handed over once for every place they stand at.
    @discardableResult
    package static func encode(_ bytes: [UInt8], layout: Layout, block: (Block) -> Void) -> CID {
        let leaves = leafNodes(of: bytes, layout.leaves, chunkBytes: layout.chunkBytes) { node, encoded in
            block(Block(cid: CID(form: node.form(layout.version), digest: node.digest), bytes: encoded()))
        }
        let root = tree(over: leaves, version: layout.version, linksPerNode: layout.linksPerNode) { node, encoded in
            block(Block(cid: CID(form: node.form(layout.version), digest: node.digest), bytes: encoded))
        }
        return CID(form: root.form(layout.version), digest: root.digest)
    }

    package static func blocks(of bytes: [UInt8], layout: Layout) -> [Block] {
        var blocks: [Block] = []
        encode(bytes, layout: layout) { blocks.append($0) }
        return blocks
    }
}
