internal import Shared

/// A content identifier of IPFS: which hash the content has, and how the hashed block is to be read.
///
/// Only what files are stored under is accepted: SHA-256 of 32 bytes over a raw block or a dag-pb node.
/// Two identifiers are equal when version, codec and digest are; `text` keeps the spelling that was given, because
/// commitments of the protocol hash the text.
package struct CID: Sendable {
    package enum Version: UInt8, Sendable {
        case zero = 0
        case one = 1
    }

    /// How the hashed block is to be read, as numbered by the multicodec table.
    package enum Codec: UInt8, Sendable {
        case raw = 0x55
        case dagPB = 0x70
    }

    /// Version and codec in one, since version 0 knows no codec but dag-pb.
    package enum Form: Hashable, Sendable {
        case v0
        case v1(Codec)
    }

    /// The longest text accepted, in bytes. The longest that can pass is 73 (hexadecimal).
    package static let maximumTextBytes = 128

    package let form: Form
    /// SHA-256 of the block, 32 bytes.
    package let digest: [UInt8]
    /// The spelling that was given; ASCII letters and digits only, so it is safe inside a URL.
    package let text: String

    package var version: Version { form == .v0 ? .zero : .one }
    package var codec: Codec { if case .v1(let codec) = form { codec } else { .dagPB } }

    /// The identifier of a block, spelt as is customary: base58btc for version 0, base32 for version 1.
    package init(of block: [UInt8], form: Form) { self.init(form: form, digest: SHA256.hash(block)) }

    package init(of block: UnsafeRawBufferPointer, form: Form) { self.init(form: form, digest: SHA256.hash(block)) }

    init(form: Form, digest: [UInt8]) {
        precondition(digest.count == SHA256.byteCount)
        self.form = form
        self.digest = digest
        let bytes = CID.binary(form, digest)
        text = form == .v0 ? Base58.encode(bytes) : "b" + Base32.encode(bytes)
    }

    init(form: Form, digest: [UInt8], text: String) {
        self.form = form
        self.digest = digest
        self.text = text
    }

    /// The binary form: the bare multihash for version 0; version, codec and multihash for version 1.
    package var bytes: [UInt8] { CID.binary(form, digest) }

    /// True when both name the same block read the same way, whatever their versions and spellings.
    package func namesSameBlock(as other: CID) -> Bool { codec == other.codec && digest == other.digest }

    static func binary(_ form: Form, _ digest: [UInt8]) -> [UInt8] {
        switch form {
        case .v0: multihashHead + digest
        case .v1(let codec): [1, codec.rawValue] + multihashHead + digest
        }
    }

    /// The multihash code of SHA-256 and the length of its digest.
    static let multihashHead: [UInt8] = [0x12, 0x20]
}

extension CID: Hashable {
    package static func == (left: CID, right: CID) -> Bool { left.form == right.form && left.digest == right.digest }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(form)
        hasher.combine(digest)
    }
}
