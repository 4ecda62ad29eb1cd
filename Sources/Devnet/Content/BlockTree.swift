package import ContentStore

/// The blocks of one file, and a CAR of them.
package struct BlockTree: Sendable {
    /// Level by level, leaves first, as the encoder hands them over; the root is the last.
    private let blocks: [UnixFS.Block]
    private let levels: [Range<Int>]
    private let linksPerNode: Int
    private let places: [[UInt8]: Int]

    package init(_ bytes: [UInt8], layout: UnixFS.Layout) {
        blocks = UnixFS.blocks(of: bytes, layout: layout)
        linksPerNode = layout.linksPerNode
        var levels = [0..<max(1, (bytes.count + layout.chunkBytes - 1) / layout.chunkBytes)]
        while let top = levels.last, top.count > 1 {
            levels.append(top.upperBound..<top.upperBound + (top.count + linksPerNode - 1) / linksPerNode)
        }
        self.levels = levels
        places = Dictionary(blocks.enumerated().map { ($1.cid.digest, $0) }) { first, _ in first }
    }

    // A file has at least one leaf, even an empty one.
    var root: UnixFS.Block { blocks[blocks.count - 1] }

    func block(_ cid: CID) -> [UInt8]? { places[cid.digest].map { blocks[$0].bytes } }

    /// A CAR, version 1, every block once, parents before children from left to right, as trustless gateways send it.
    package var car: [UInt8] {
        let identifier = root.cid.bytes
        // CBOR by hand: {"roots": [42(h'00…')], "version": 1}; tag 42 wraps the identifier behind a zero byte.
        var header: [UInt8] =
            [0xA2, 0x65] + Array("roots".utf8) + [0x81, 0xD8, 0x2A, 0x58, UInt8(identifier.count + 1), 0]
        header += identifier + [0x67] + Array("version".utf8) + [1]
        var car: [UInt8] = []
        car.reserveCapacity(blocks.reduce(64) { $0 + $1.bytes.count + 48 })
        BlockTree.appendSection([header], to: &car)
        var sent: Set<[UInt8]> = []
        appendSections(level: levels.count - 1, index: 0, to: &car, &sent)
        return car
    }

    private func appendSections(level: Int, index: Int, to car: inout [UInt8], _ sent: inout Set<[UInt8]>) {
        let block = blocks[levels[level].lowerBound + index]
        guard sent.insert(block.cid.digest).inserted else { return }
        BlockTree.appendSection([block.cid.bytes, block.bytes], to: &car)
        guard level > 0 else { return }
        let first = index * linksPerNode
        for child in first..<min(first + linksPerNode, levels[level - 1].count) {
            appendSections(level: level - 1, index: child, to: &car, &sent)
        }
    }

    private static func appendSection(_ parts: [[UInt8]], to car: inout [UInt8]) {
        var length = parts.reduce(0) { $0 + $1.count }
        while length >= 0x80 {
            car.append(UInt8(length & 0x7F) | 0x80)
            length >>= 7
        }
        car.append(UInt8(length))
        for part in parts { car += part }
    }
}
