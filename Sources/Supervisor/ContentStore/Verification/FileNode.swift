/// A dag-pb node that is a file or a part of one, decoded strictly: canonical order, shortest varints, known fields.
struct FileNode {
    /// What the node's file part holds itself. Stands in front of what its links hold.
    let data: Range<Int>?
    /// Bytes of the file beneath this node.
    let fileBytes: Int
    let children: [Child]

    struct Child {
        let key: BlockSet.Key
        let fileBytes: Int
    }

    /// `maximumLinks` bounds what is allocated.
    init(_ bytes: [UInt8], _ range: Range<Int>, maximumLinks: Int) throws(VerificationError) {
        var reader = BlockReader(bytes, range)
        var links: [BlockSet.Key] = []
        while reader.skip(UnixFS.Field.nodeLink) {
            guard links.count < maximumLinks else { throw .tooManyBlocks(limit: maximumLinks) }
            links.append(try FileNode.link(bytes, try reader.field()))
        }
        guard reader.skip(UnixFS.Field.nodeData) else { throw .badNode }
        let file = try reader.field()
        guard reader.isAtEnd else { throw .badNode }
        self = try FileNode(file: bytes, file, links: links)
    }

    /// Its `Tsize` is parsed and not compared: a sum over stored blocks that the file's bytes do not depend on.
    private static func link(_ bytes: [UInt8], _ range: Range<Int>) throws(VerificationError) -> BlockSet.Key {
        var reader = BlockReader(bytes, range)
        guard reader.skip(UnixFS.Field.linkHash) else { throw .badNode }
        let identifier = try reader.field()
        // Only entries of a directory have names.
        if reader.skip(UnixFS.Field.linkName) {
            guard try reader.field().isEmpty else { throw .notAFile }
        }
        if reader.skip(UnixFS.Field.linkStoredBytes) { _ = try reader.varint() }
        guard reader.isAtEnd else { throw .badNode }
        return try BlockSet.Key(binary: bytes[identifier])
    }

    private init(file bytes: [UInt8], _ range: Range<Int>, links: [BlockSet.Key]) throws(VerificationError) {
        var reader = BlockReader(bytes, range)
        guard reader.skip(UnixFS.Field.type) else { throw .badFile }
        let type = try reader.varint()
        guard type == UnixFS.fileType || type == UnixFS.rawType else { throw .notAFile }
        data = reader.skip(UnixFS.Field.data) ? try reader.field() : nil
        guard reader.skip(UnixFS.Field.fileBytes) else { throw .badFile }
        fileBytes = try reader.varint()
        var children: [Child] = []
        children.reserveCapacity(links.count)
        var total = data?.count ?? 0
        while reader.skip(UnixFS.Field.blockBytes) {
            let size = try reader.varint()
            guard children.count < links.count else { throw .sizeMismatch }
            // An empty part would add links without adding bytes: work without end within any limit on bytes.
            guard size > 0 else { throw .sizeMismatch }
            let (sum, overflow) = total.addingReportingOverflow(size)
            guard !overflow else { throw .sizeMismatch }
            total = sum
            children.append(Child(key: links[children.count], fileBytes: size))
        }
        if let key = reader.next {
            let number = Int(key >> 3)
            throw number > 4 ? .unsupportedField(number: number) : .badFile
        }
        guard children.count == links.count, total == fileBytes else { throw .sizeMismatch }
        self.children = children
    }
}
