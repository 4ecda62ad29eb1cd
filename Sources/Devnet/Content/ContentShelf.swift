package import ContentStore
internal import Synchronization

/// Files by their content identifier, in memory, as a pinning service and a gateway in one.
package final class ContentShelf: Sendable {
    static let maximumFiles = 50_000
    static let maximumBytes = 4 << 30
    /// Blocks are made again when asked for; only those of the files asked for last are kept.
    static let filesKeptAsBlocks = 4

    struct File: Sendable {
        let root: CID
        let layout: UnixFS.Layout
        let bytes: [UInt8]
    }

    private struct State {
        var files: [[UInt8]: File] = [:]
        var bytes = 0
        var recent: [(root: [UInt8], tree: BlockTree)] = []
    }
    private let state = Mutex(State())

    package init() {}

    /// Keeps a file and returns its identifier; nil when the shelf is full.
    package func add(_ bytes: [UInt8], layout: UnixFS.Layout = .v0) -> CID? {
        let root = UnixFS.cid(of: bytes, layout: layout)
        return state.withLock { state in
            guard state.files[root.digest] == nil else { return root }
            guard state.files.count < ContentShelf.maximumFiles,
                state.bytes + bytes.count <= ContentShelf.maximumBytes
            else { return nil }
            state.files[root.digest] = File(root: root, layout: layout, bytes: bytes)
            state.bytes += bytes.count
            return root
        }
    }

    /// The whole file. Version 0 and 1 of an identifier find the same file, for the digest is the same.
    package func file(_ cid: CID) -> [UInt8]? { state.withLock { $0.files[cid.digest]?.bytes } }

    /// One block of any file.
    func block(_ cid: CID) -> [UInt8]? {
        if let tree = tree(cid) { return tree.root.bytes }
        let (recent, files) = state.withLock { ($0.recent, Array($0.files.values)) }
        for (_, tree) in recent { if let block = tree.block(cid) { return block } }
        // Slow, and only for whoever asks for an inner block without having asked for its root.
        for file in files where file.bytes.count > file.layout.chunkBytes {
            if let block = tree(file.root)?.block(cid) { return block }
        }
        return nil
    }

    /// The blocks of a file, by its root.
    func tree(_ cid: CID) -> BlockTree? {
        let (kept, file) = state.withLock { state in
            (state.recent.first { $0.root == cid.digest }?.tree, state.files[cid.digest])
        }
        if let kept { return kept }
        guard let file else { return nil }
        let tree = BlockTree(file.bytes, layout: file.layout)
        state.withLock { state in
            state.recent.append((cid.digest, tree))
            if state.recent.count > ContentShelf.filesKeptAsBlocks { state.recent.removeFirst() }
        }
        return tree
    }

    package var size: (files: Int, bytes: Int) { state.withLock { ($0.files.count, $0.bytes) } }
}
