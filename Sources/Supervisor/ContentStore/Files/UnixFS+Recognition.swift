internal import Shared

extension UnixFS {
    /// Whether `cid` is the identifier of a file of exactly these bytes, under any layout that common tools use.
    ///
    /// Tried: chunks of 256 KiB (kubo) and 1 MiB (Helia, and the profile unixfs-v1-2025), wrapped and raw leaves, 174
    /// and 1024 links a node, inner links of either version. False means: other bytes, or a layout not tried.
    package static func recognises(_ bytes: [UInt8], as cid: CID) -> Bool {
        if cid.codec == .raw { return SHA256.hash(bytes) == cid.digest }
        let habits: [Leaves] = cid.version == .zero ? [.wrapped, .raw] : [.raw, .wrapped]
        for chunkBytes in [256 << 10, 1 << 20] {
            for leaves in habits {
                // A lone raw leaf is its own root and has the raw codec.
                if leaves == .raw, bytes.count <= chunkBytes { continue }
                let nodes = leafNodes(of: bytes, leaves, chunkBytes: chunkBytes)
                for linksPerNode in nodes.count > 174 ? [174, 1024] : [174] {
                    for version in [cid.version, cid.version == .zero ? .one : .zero] {
                        let root = tree(over: nodes, version: version, linksPerNode: linksPerNode)
                        if root.codec == cid.codec, root.digest == cid.digest { return true }
                    }
                }
            }
            if bytes.count <= chunkBytes { break }
        }
        return false
    }
}
