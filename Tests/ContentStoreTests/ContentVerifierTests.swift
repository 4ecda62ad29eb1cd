import ContentStore
import Testing

@Suite struct ContentVerifierTests {
    private let verifier = ContentVerifier(limits: VerificationLimits(maximumBytes: 1 << 20))
    private static let layouts: [UnixFS.Layout] = [
        .v0, .v1,
        UnixFS.Layout(version: .zero, leaves: .raw, chunkBytes: 1000, linksPerNode: 3),
        UnixFS.Layout(version: .one, leaves: .wrapped, chunkBytes: 700, linksPerNode: 4),
    ]

    @Test("an archive of any layout gives the file back", arguments: layouts, [0, 1, 999, 10_000, 300_000])
    func archives(layout: UnixFS.Layout, size: Int) throws {
        let file = TestFile.pattern(size)
        let (root, archive) = ArchiveBuilder.archive(of: file, layout: layout)
        #expect(try deep.file(root, inAnswer: archive, isArchive: true) == file)
        let shuffled = ArchiveBuilder.archive(
            roots: [root], blocks: Array(ArchiveBuilder.unique(file, layout).reversed()))
        #expect(try deep.file(root, inArchive: shuffled) == file)
    }

    /// Layouts of a few links a node make deeper trees than kubo does.
    private let deep = ContentVerifier(limits: VerificationLimits(maximumBytes: 1 << 20, maximumDepth: 16))

    @Test("a chunk that stands twice in a file needs to stand only once in its archive")
    func repeatedChunk() throws {
        let file = [UInt8](repeating: 9, count: 2000)
        let layout = UnixFS.Layout(version: .one, leaves: .raw, chunkBytes: 500)
        let (root, archive) = ArchiveBuilder.archive(of: file, layout: layout)
        #expect(archive.count < 1500)
        #expect(try verifier.file(root, inArchive: archive) == file)
    }

    @Test("an archive may name its root by the other version")
    func otherVersionOfRoot() throws {
        let file = TestFile.pattern(600_000)
        let root = UnixFS.cidV0(of: file)
        let other = try CID(bytes: [1, 0x70] + root.bytes)
        let archive = ArchiveBuilder.archive(roots: [other], blocks: ArchiveBuilder.unique(file, .v0))
        #expect(try verifier.file(root, inArchive: archive) == file)
        #expect(try verifier.file(other, inArchive: archive) == file)
    }

    @Test("a lone block gives its file, be it raw or a dag-pb node with the data inside")
    func blocks() throws {
        let file = TestFile.pattern(5000)
        for layout in [UnixFS.Layout.v0, .v1] {
            let block = UnixFS.blocks(of: file, layout: layout)[0]
            #expect(try verifier.file(block.cid, inBlock: block.bytes) == file)
            #expect(try verifier.file(block.cid, inAnswer: block.bytes, isArchive: false) == file)
            var wrong = block.bytes
            wrong[100] ^= 1
            #expect(throws: VerificationError.wrongHash(block: 0)) { try verifier.file(block.cid, inBlock: wrong) }
        }
    }

    @Test("the root block alone of a longer file is no file")
    func rootAlone() throws {
        let blocks = UnixFS.blocks(of: TestFile.pattern(300_000), layout: .v0)
        let root = try #require(blocks.last)
        #expect(throws: VerificationError.missingBlock) {
            try verifier.file(root.cid, inAnswer: root.bytes, isArchive: false)
        }
    }

    @Test("plain bytes pass when a common layout leads to the identifier, and not with one bit changed")
    func plain() throws {
        for size in [0, 1, 262_144, 262_145, 1 << 20] {
            let file = TestFile.pattern(size)
            for layout in [UnixFS.Layout.v0, .v1] {
                let cid = UnixFS.cid(of: file, layout: layout)
                #expect(try verifier.file(cid, inAnswer: file, isArchive: false) == file)
                guard size > 0 else { continue }
                var wrong = file
                wrong[size / 2] ^= 0x10
                #expect(throws: VerificationError.unrecognised) {
                    try verifier.file(cid, inAnswer: wrong, isArchive: false)
                }
            }
        }
    }

    @Test("a file beyond the limit is refused in every form, in an archive by its root's word alone")
    func tooLarge() throws {
        let small = ContentVerifier(limits: VerificationLimits(maximumBytes: 99_999))
        let file = TestFile.pattern(100_000)
        let layout = UnixFS.Layout(version: .zero, leaves: .wrapped, chunkBytes: 10_000)
        let (root, archive) = ArchiveBuilder.archive(of: file, layout: layout)
        let refusal = VerificationError.tooLarge(limit: 99_999)
        #expect(throws: refusal) { try small.file(root, inArchive: archive) }
        #expect(throws: refusal) { try small.file(UnixFS.cidV0(of: file), plain: file) }
        #expect(throws: refusal) { try small.file(CID(of: file, form: .v1(.raw)), inBlock: file) }

        let liar = ArchiveBuilder.node(links: [(root, 5)], file: ArchiveBuilder.file(size: 1 << 50, parts: [1 << 50]))
        let cid = CID(of: liar, form: .v0)
        let claim = ArchiveBuilder.archive(roots: [cid], blocks: [(cid, liar)])
        #expect(throws: refusal) { try small.file(cid, inArchive: claim) }
    }

    @Test("the longest answer that is read has room for the archive of a file at the limit")
    func answerLimit() {
        for layout in Self.layouts + [UnixFS.Layout(version: .zero, leaves: .wrapped, chunkBytes: 2048)] {
            let file = TestFile.pattern(1 << 20)
            guard layout.chunkBytes >= 2048 else { continue }
            let archive = ArchiveBuilder.archive(of: file, layout: layout).bytes
            #expect(archive.count <= VerificationLimits(maximumBytes: 1 << 20).maximumAnswerBytes)
        }
    }
}
