/// Why downloaded bytes were not accepted as the content that was asked for. Blocks are counted from 0 in their order.
package enum VerificationError: Error, Equatable, Sendable {
    /// The bytes are no file of this identifier under any layout this node can recompute.
    case unrecognised
    /// The file is longer than the caller allows, or says so.
    case tooLarge(limit: Int)
    case tooManyBlocks(limit: Int)
    case tooDeep(limit: Int)

    case wrongHash(block: Int)
    case duplicateBlock(block: Int)
    case missingBlock
    /// Blocks that the file does not need.
    case extraBlocks(count: Int)

    case truncated
    /// Longer than its value needs, or beyond what a length can be.
    case badVarint
    case badArchiveHeader
    case unsupportedArchiveVersion
    case wrongRoots(count: Int)
    /// The archive is of other content.
    case wrongRoot
    case badIdentifier(CIDError)

    /// A dag-pb node that is not in canonical form.
    case badNode
    /// A UnixFS part that is not in canonical form.
    case badFile
    /// Links with names, or a UnixFS type other than file and raw: a directory, a link, a shard, metadata.
    case notAFile
    /// A part of UnixFS that kubo does not write for files.
    case unsupportedField(number: Int)
    /// Sizes in the tree contradict each other or the bytes.
    case sizeMismatch
}
