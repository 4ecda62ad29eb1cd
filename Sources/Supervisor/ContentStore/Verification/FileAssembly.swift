/// Puts a file together by walking from its root, in order, with every size checked before it is used.
struct FileAssembly: ~Copyable {
    private let blocks: BlockSet
    private let limits: VerificationLimits
    private var used: Set<BlockSet.Key> = []
    /// Also counts blocks that are visited again, so that a few blocks cannot stand for endless work.
    private var visits = 0
    private var file: [UInt8] = []

    private init(_ blocks: BlockSet, _ limits: VerificationLimits) {
        self.blocks = blocks
        self.limits = limits
    }

    /// The file under `root`; every block must be part of it.
    static func file(
        _ root: CID, in blocks: BlockSet, limits: VerificationLimits
    ) throws(VerificationError) -> [UInt8] {
        var assembly = FileAssembly(blocks, limits)
        try assembly.append(BlockSet.Key(root), expected: nil, depth: 0)
        let extra = blocks.count - assembly.used.count
        guard extra == 0 else { throw .extraBlocks(count: extra) }
        return assembly.file
    }

    private mutating func append(_ key: BlockSet.Key, expected: Int?, depth: Int) throws(VerificationError) {
        guard depth <= limits.maximumDepth else { throw .tooDeep(limit: limits.maximumDepth) }
        visits += 1
        guard visits <= limits.maximumBlocks else { throw .tooManyBlocks(limit: limits.maximumBlocks) }
        guard let range = blocks[key] else { throw .missingBlock }
        used.insert(key)
        switch key.codec {
        case .raw:
            try check(range.count, expected)
            file += blocks.bytes[range]
        case .dagPB:
            let node = try FileNode(blocks.bytes, range, maximumLinks: limits.maximumBlocks)
            try check(node.fileBytes, expected)
            if let data = node.data { file += blocks.bytes[data] }
            for child in node.children { try append(child.key, expected: child.fileBytes, depth: depth + 1) }
        }
    }

    /// A child holds what its parent said. The root's word is bounded by the caller's limit, and memory is taken for
    /// it only then.
    private mutating func check(_ size: Int, _ expected: Int?) throws(VerificationError) {
        if let expected {
            guard size == expected else { throw .sizeMismatch }
        } else {
            guard size <= limits.maximumBytes else { throw .tooLarge(limit: limits.maximumBytes) }
            file.reserveCapacity(min(size, blocks.bytes.count))
        }
    }
}
