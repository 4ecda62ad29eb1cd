/// Why a text or a run of bytes is no content identifier that this node works with.
package enum CIDError: Error, Equatable, Sendable {
    case empty
    /// Longer than any identifier this node knows could be.
    case tooLong(limit: Int)
    /// The first character names no base, or one that is not supported.
    case unsupportedBase
    /// A character outside the alphabet of the base, counted from the start of the text.
    case badCharacter(offset: Int)
    /// The bytes have another, shorter or properly padded, spelling.
    case notCanonical
    case unsupportedVersion
    case unsupportedCodec
    /// Anything but SHA-256; identity hashes are refused with the rest.
    case unsupportedHash
    case wrongLength
}
