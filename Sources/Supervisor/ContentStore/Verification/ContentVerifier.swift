/// Decides whether downloaded bytes are the content an identifier names, and gives the file they hold.
///
/// What a gateway says about its answer only chooses what is tried; the hash alone decides.
package struct ContentVerifier: Sendable {
    package let limits: VerificationLimits

    package init(limits: VerificationLimits) { self.limits = limits }

    /// The file in an answer of unknown form: an archive, the root's block, or the plain file.
    ///
    /// `isArchive` is what the answer's content type says.
    package func file(_ cid: CID, inAnswer answer: [UInt8], isArchive: Bool) throws(VerificationError) -> [UInt8] {
        if isArchive { return try file(cid, inArchive: answer) }
        if CID(of: answer, form: cid.form) == cid { return try file(cid, inBlock: answer) }
        return try file(cid, plain: answer)
    }

    /// The file in a block: its bytes for the raw codec, the inline data of a lone dag-pb node.
    package func file(_ cid: CID, inBlock block: [UInt8]) throws(VerificationError) -> [UInt8] {
        var blocks = BlockSet(block)
        try blocks.add(BlockSet.Key(cid), 0..<block.count)
        return try FileAssembly.file(cid, in: blocks, limits: limits)
    }

    /// The file in a CAR version 1, which must hold this file and nothing else.
    package func file(_ cid: CID, inArchive archive: [UInt8]) throws(VerificationError) -> [UInt8] {
        let blocks = try Archive.read(archive, root: cid, maximumBlocks: limits.maximumBlocks)
        return try FileAssembly.file(cid, in: blocks, limits: limits)
    }

    /// The file as a plain web server gives it, accepted if one of the common layouts leads to the identifier.
    package func file(_ cid: CID, plain file: [UInt8]) throws(VerificationError) -> [UInt8] {
        guard file.count <= limits.maximumBytes else { throw .tooLarge(limit: limits.maximumBytes) }
        guard UnixFS.recognises(file, as: cid) else { throw .unrecognised }
        return file
    }
}
