import ContentStore
import Shared
import Testing

@Suite struct UnixFSTests {
    @Test(
        "every file of the peer's vectors gets the peer's identifiers",
        arguments: try PeerVector.parse(Peer.read(Peer.vectorFile)))
    func vectors(vector: PeerVector) {
        let bytes = vector.bytes()
        #expect(UnixFS.cidV0(of: bytes).text == vector.v0)
        #expect(UnixFS.cid(of: bytes, layout: .v1).text == vector.v1)
    }

    // Needs the peer that `make test` installs; without it the test fails.
    @Test("the peer, asked now, agrees about sizes around every boundary")
    func livePeer() throws {
        let sizes = [2, 250, 262_143, 262_144, 262_145, 524_288, 524_289, 5_000_011, (8 << 20) + 28]
        let vectors = try PeerVector.parse(try Peer.run(sizes))
        #expect(vectors.count == sizes.count)
        for vector in vectors {
            let bytes = vector.bytes()
            #expect(UnixFS.cidV0(of: bytes).text == vector.v0, "\(vector.name)")
            #expect(UnixFS.cid(of: bytes, layout: .v1).text == vector.v1, "\(vector.name)")
        }
    }

    @Test("blocks carry the hashes of their bytes, children before parents, the root last")
    func blocks() throws {
        for layout in [UnixFS.Layout.v0, .v1] {
            let bytes = TestFile.pattern(1_000_000)
            let blocks = UnixFS.blocks(of: bytes, layout: layout)
            #expect(blocks.count == 5)
            for block in blocks { #expect(CID(of: block.bytes, form: block.cid.form) == block.cid) }
            #expect(blocks.last?.cid == UnixFS.cid(of: bytes, layout: layout))
        }
    }

    @Test("an empty file of version 0 is one node without a data field")
    func empty() {
        let blocks = UnixFS.blocks(of: [], layout: .v0)
        #expect(blocks.map(\.bytes) == [[0x0A, 4, 0x08, 2, 0x18, 0]])
        #expect(blocks.first?.cid.text == "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")
    }

    @Test("a file is recognised under each layout in use, and under no other identifier")
    func recognition() {
        let bytes = TestFile.pattern(3 << 20 | 5)
        for version in [CID.Version.zero, .one] {
            for leaves in [UnixFS.Leaves.wrapped, .raw] {
                for chunkBytes in [256 << 10, 1 << 20] {
                    let layout = UnixFS.Layout(version: version, leaves: leaves, chunkBytes: chunkBytes)
                    let cid = UnixFS.cid(of: bytes, layout: layout)
                    #expect(UnixFS.recognises(bytes, as: cid))
                    #expect(!UnixFS.recognises(Array(bytes.dropLast()), as: cid))
                }
            }
        }
        let unusual = UnixFS.Layout(version: .zero, leaves: .wrapped, chunkBytes: 1000)
        #expect(!UnixFS.recognises(bytes, as: UnixFS.cid(of: bytes, layout: unusual)))
        #expect(UnixFS.recognises(bytes, as: CID(of: bytes, form: .v1(.raw))))
        #expect(!UnixFS.recognises(bytes, as: CID(of: bytes, form: .v1(.dagPB))))
    }

    @Test("a file of more leaves than a node of kubo holds is recognised with 174 and with 1024 links")
    func wideNodes() {
        let bytes = TestFile.pattern(175 << 18)
        for linksPerNode in [174, 1024] {
            let layout = UnixFS.Layout(version: .one, leaves: .raw, linksPerNode: linksPerNode)
            #expect(UnixFS.recognises(bytes, as: UnixFS.cid(of: bytes, layout: layout)))
        }
    }
}
