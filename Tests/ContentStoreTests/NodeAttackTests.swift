import ContentStore
import Testing

/// Nodes with right hashes and wrong contents: what a hostile author of an identifier can make.
@Suite struct NodeAttackTests {
    private let verifier = ContentVerifier(
        limits: VerificationLimits(maximumBytes: 1 << 20, maximumBlocks: 64, maximumDepth: 4))

    /// One node as the whole archive, under its right hash.
    private func expect(
        _ reason: VerificationError, node: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let cid = CID(of: node, form: .v0)
        let archive = ArchiveBuilder.archive(roots: [cid], blocks: [(cid, node)] + leaf)
        #expect(throws: reason, sourceLocation: sourceLocation) { try verifier.file(cid, inArchive: archive) }
    }

    private let leafBytes: [UInt8] = [1, 2, 3]
    private var leafCID: CID { CID(of: leafBytes, form: .v1(.raw)) }
    private var leaf: [(cid: CID, bytes: [UInt8])] { [(leafCID, leafBytes)] }

    @Test("a node that points at itself cannot carry its own hash")
    func cycle() {
        let guess = CID(of: [0], form: .v0)
        let node = ArchiveBuilder.node(links: [(guess, 3)], file: ArchiveBuilder.file(size: 3, parts: [3]))
        let archive = ArchiveBuilder.archive(roots: [guess], blocks: [(guess, node)])
        #expect(throws: VerificationError.wrongHash(block: 0)) { try verifier.file(guess, inArchive: archive) }
    }

    @Test("a chain of nodes is followed down to the limit and no further")
    func depth() throws {
        var cid = leafCID
        var blocks = leaf
        for level in 1...5 {
            let node = ArchiveBuilder.node(links: [(cid, 3)], file: ArchiveBuilder.file(size: 3, parts: [3]))
            cid = CID(of: node, form: .v0)
            blocks.append((cid, node))
            let archive = ArchiveBuilder.archive(roots: [cid], blocks: blocks)
            if level <= 4 {
                #expect(try verifier.file(cid, inArchive: archive) == leafBytes)
            } else {
                #expect(throws: VerificationError.tooDeep(limit: 4)) { try verifier.file(cid, inArchive: archive) }
            }
        }
    }

    @Test("a few blocks that stand for many are refused by the count of visits")
    func bomb() {
        var cid = leafCID
        var size = 3
        var blocks = leaf
        for _ in 0..<3 {
            let parts = [Int](repeating: size, count: 10)
            let links = parts.map { (cid: cid, size: $0) }
            size *= 10
            let node = ArchiveBuilder.node(links: links, file: ArchiveBuilder.file(size: size, parts: parts))
            cid = CID(of: node, form: .v0)
            blocks.append((cid, node))
        }
        let archive = ArchiveBuilder.archive(roots: [cid], blocks: blocks)
        #expect(throws: VerificationError.tooManyBlocks(limit: 64)) { try verifier.file(cid, inArchive: archive) }
    }

    @Test("a node with more links than blocks are allowed is refused while it is read")
    func tooManyLinks() {
        let links = [(cid: CID, size: Int)](repeating: (leafCID, 3), count: 65)
        expect(
            .tooManyBlocks(limit: 64),
            node: ArchiveBuilder.node(links: links, file: ArchiveBuilder.file(size: 195, parts: links.map(\.size))))
    }

    @Test("sizes that contradict each other or the bytes are refused")
    func sizes() {
        let link = (cid: leafCID, size: 3)
        expect(.sizeMismatch, node: ArchiveBuilder.node(links: [link], file: ArchiveBuilder.file(size: 4, parts: [4])))
        expect(.sizeMismatch, node: ArchiveBuilder.node(links: [link], file: ArchiveBuilder.file(size: 2, parts: [2])))
        expect(.sizeMismatch, node: ArchiveBuilder.node(links: [link], file: ArchiveBuilder.file(size: 4, parts: [3])))
        expect(.sizeMismatch, node: ArchiveBuilder.node(links: [link], file: ArchiveBuilder.file(size: 0)))
        expect(.sizeMismatch, node: ArchiveBuilder.node(links: [link], file: ArchiveBuilder.file(size: 0, parts: [0])))
        expect(
            .sizeMismatch, node: ArchiveBuilder.node(links: [link], file: ArchiveBuilder.file(size: 6, parts: [3, 3])))
        expect(
            .sizeMismatch,
            node: ArchiveBuilder.node(links: [link, link], file: ArchiveBuilder.file(size: 1, parts: [.max, .max])))
        expect(.sizeMismatch, node: ArchiveBuilder.node(links: [], file: ArchiveBuilder.file(data: [1, 2], size: 3)))
    }

    @Test("a part without bytes is refused, for any number of them would be work for nothing")
    func emptyParts() {
        let empty = CID(of: [], form: .v1(.raw))
        let node = ArchiveBuilder.node(
            links: [(empty, 0), (leafCID, 3)], file: ArchiveBuilder.file(size: 3, parts: [0, 3]))
        let cid = CID(of: node, form: .v0)
        let archive = ArchiveBuilder.archive(roots: [cid], blocks: [(cid, node), (empty, [])] + leaf)
        #expect(throws: VerificationError.sizeMismatch) { try verifier.file(cid, inArchive: archive) }
    }

    @Test("nodes that are no files, and files with parts that kubo does not write, are refused")
    func notFiles() {
        let link = (cid: leafCID, size: 3)
        let good = ArchiveBuilder.file(size: 3, parts: [3])
        expect(.notAFile, node: ArchiveBuilder.node(links: [], file: ArchiveBuilder.file(type: 1, size: 0)))
        expect(.notAFile, node: ArchiveBuilder.node(links: [], file: ArchiveBuilder.file(type: 4, size: 0)))
        expect(.unsupportedField(number: 7), node: ArchiveBuilder.node(links: [link], file: good + [0x38, 1]))
        expect(.unsupportedField(number: 5), node: ArchiveBuilder.node(links: [link], file: good + [0x28, 0]))
        expect(.badFile, node: ArchiveBuilder.node(links: [link], file: good + [0x18, 3]))
        expect(.badFile, node: ArchiveBuilder.node(links: [], file: [0x08, 2]))
        expect(.badFile, node: ArchiveBuilder.node(links: [], file: []))
        let node = ArchiveBuilder.node(links: [link], file: good)
        expect(.badNode, node: node + [0])
        expect(.badNode, node: node + [0x12, 0])
        expect(.badNode, node: [])
        // Data in front of links: an order that another reader may take for another node.
        let data = [0x0A] + ArchiveBuilder.prefixed(good)
        expect(.badNode, node: data + node.dropLast(data.count))
        let named = [0x0A] + ArchiveBuilder.prefixed(leafCID.bytes) + [0x12, 1, 0x61, 0x18, 3]
        expect(.notAFile, node: [0x12] + ArchiveBuilder.prefixed(named) + data)
        let unknown = [0x0A] + ArchiveBuilder.prefixed(leafCID.bytes) + [0x12, 0, 0x18, 3, 0x20, 0]
        expect(.badNode, node: [0x12] + ArchiveBuilder.prefixed(unknown) + data)
        let long = [0x0A] + ArchiveBuilder.prefixed(leafCID.bytes) + [0x12, 0, 0x18, 0x83, 0x00]
        expect(.badVarint, node: [0x12] + ArchiveBuilder.prefixed(long) + data)
    }

    @Test("a node may hold data of its own in front of its children's")
    func dataAndLinks() throws {
        let node = ArchiveBuilder.node(
            links: [(leafCID, 3)], file: ArchiveBuilder.file(data: [8, 9], size: 5, parts: [3]))
        let cid = CID(of: node, form: .v0)
        let archive = ArchiveBuilder.archive(roots: [cid], blocks: [(cid, node)] + leaf)
        #expect(try verifier.file(cid, inArchive: archive) == [8, 9, 1, 2, 3])
    }
}
