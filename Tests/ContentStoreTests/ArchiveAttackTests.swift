import ContentStore
import Testing

/// What a hostile or broken gateway can put into an archive.
@Suite struct ArchiveAttackTests {
    private let verifier = ContentVerifier(
        limits: VerificationLimits(maximumBytes: 1 << 20, maximumBlocks: 64, maximumDepth: 4))
    private let layout = UnixFS.Layout(version: .zero, leaves: .wrapped, chunkBytes: 100, linksPerNode: 4)
    private let file = TestFile.pattern(700)
    private var blocks: [(cid: CID, bytes: [UInt8])] { ArchiveBuilder.unique(file, layout) }
    private var root: CID { UnixFS.cid(of: file, layout: layout) }

    private func expect(
        _ reason: VerificationError, _ archive: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: reason, sourceLocation: sourceLocation) { try verifier.file(root, inArchive: archive) }
    }

    private let leafBytes: [UInt8] = [1, 2, 3]
    private var leafCID: CID { CID(of: leafBytes, form: .v1(.raw)) }
    private var leaf: [(cid: CID, bytes: [UInt8])] { [(leafCID, leafBytes)] }

    @Test("cut off anywhere, an archive gives no file")
    func truncated() throws {
        let archive = ArchiveBuilder.archive(roots: [root], blocks: blocks)
        #expect(try verifier.file(root, inArchive: archive) == file)
        for count in 0..<archive.count {
            #expect(throws: VerificationError.self) { try verifier.file(root, inArchive: Array(archive[..<count])) }
        }
        expect(.truncated, Array(archive.dropLast()))
        expect(.truncated, [])
    }

    @Test("with any bit flipped, an archive gives the same file or none")
    func flipped() {
        let archive = ArchiveBuilder.archive(roots: [root], blocks: blocks)
        var accepted = 0
        for index in archive.indices {
            for bit in [UInt8(1), 0x10, 0x80] {
                var changed = archive
                changed[index] ^= bit
                guard let result = try? verifier.file(root, inArchive: changed) else { continue }
                accepted += 1
                #expect(result == file)
            }
        }
        #expect(accepted == 0)
    }

    @Test("a block that has another hash ends the download")
    func wrongHash() {
        var changed = blocks
        changed[3].bytes[20] ^= 1
        expect(.wrongHash(block: 3), ArchiveBuilder.archive(roots: [root], blocks: changed))
    }

    @Test("missing, repeated and foreign blocks are told apart")
    func wrongSet() {
        expect(.missingBlock, ArchiveBuilder.archive(roots: [root], blocks: blocks.dropLast()))
        expect(.missingBlock, ArchiveBuilder.archive(roots: [root], blocks: []))
        expect(
            .duplicateBlock(block: blocks.count), ArchiveBuilder.archive(roots: [root], blocks: blocks + [blocks[2]]))
        expect(.extraBlocks(count: 1), ArchiveBuilder.archive(roots: [root], blocks: blocks + leaf))
    }

    @Test("only one root is taken, the one that was asked for, in version 1")
    func header() {
        expect(.wrongRoots(count: 2), ArchiveBuilder.archive(roots: [root, leafCID], blocks: blocks))
        expect(.wrongRoots(count: 0), ArchiveBuilder.archive(roots: [], blocks: blocks))
        expect(.wrongRoot, ArchiveBuilder.archive(roots: [leafCID], blocks: blocks))
        expect(.unsupportedArchiveVersion, ArchiveBuilder.archive(roots: [root], version: 2, blocks: blocks))
        let pragma: [UInt8] = [0x0A, 0xA1, 0x67] + Array("version".utf8) + [2]
        expect(.unsupportedArchiveVersion, pragma + [UInt8](repeating: 0, count: 40))
        expect(.badArchiveHeader, Array("<html><body>".utf8) + [UInt8](repeating: 0x20, count: 80))
        expect(.truncated, [0x00])
        // The same length in two bytes.
        var archive = ArchiveBuilder.archive(roots: [root], blocks: blocks)
        archive.replaceSubrange(0..<1, with: [archive[0] | 0x80, 0])
        expect(.badVarint, archive)
    }

    @Test("a huge length is refused before a byte is taken for it")
    func hugeLengths() {
        let header = ArchiveBuilder.archive(roots: [root], blocks: [])
        expect(.truncated, header + ArchiveBuilder.varint(.max))
        expect(.badVarint, header + [UInt8](repeating: 0xFF, count: 9) + [0x01])
        expect(.badVarint, header + [UInt8](repeating: 0xFF, count: 40))
        expect(.badVarint, [UInt8](repeating: 0x80, count: 8) + [0])
        expect(.truncated, ArchiveBuilder.varint(1 << 62))
        expect(.truncated, header + [0])
    }

    @Test("a block under an identifier of another kind is refused")
    func foreignIdentifiers() {
        let header = ArchiveBuilder.archive(roots: [root], blocks: [])
        let identity: [UInt8] = [1, 0x55, 0, 2, 7, 7]
        expect(.truncated, header + ArchiveBuilder.prefixed(identity))
        let padded = identity + [UInt8](repeating: 0, count: 40)
        expect(.badIdentifier(.unsupportedHash), header + ArchiveBuilder.prefixed(padded))
        let cbor = [1, 0x71, 0x12, 0x20] + [UInt8](repeating: 0, count: 40)
        expect(.badIdentifier(.unsupportedCodec), header + ArchiveBuilder.prefixed(cbor))
        expect(.badIdentifier(.unsupportedVersion), header + ArchiveBuilder.prefixed([2] + cbor))
    }

    @Test("more blocks than the limit are refused while they are read")
    func tooManyBlocks() {
        let many = (0..<65).map { [UInt8($0)] }.map { (cid: CID(of: $0, form: .v1(.raw)), bytes: $0) }
        expect(.tooManyBlocks(limit: 64), ArchiveBuilder.archive(roots: [root], blocks: many))
    }
}
