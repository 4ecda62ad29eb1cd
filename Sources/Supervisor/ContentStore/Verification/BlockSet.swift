internal import Shared

/// Blocks whose hashes have been checked, as ranges of the bytes they came in.
struct BlockSet {
    /// The same block may be named by identifiers of both versions.
    struct Key: Hashable {
        let codec: CID.Codec
        let digest: [UInt8]

        init(_ cid: CID) {
            codec = cid.codec
            digest = cid.digest
        }

        /// Reads the binary form. Leaves out the text, which costs more than the rest of a small block's check.
        init(binary bytes: ArraySlice<UInt8>) throws(VerificationError) {
            do throws(CIDError) {
                let (form, digest) = try CID.parse(bytes)
                if case .v1(let codec) = form { self.codec = codec } else { codec = .dagPB }
                self.digest = digest
            } catch {
                throw .badIdentifier(error)
            }
        }
    }

    let bytes: [UInt8]
    private var ranges: [Key: Range<Int>] = [:]

    var count: Int { ranges.count }

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    subscript(key: Key) -> Range<Int>? { ranges[key] }

    /// Adds a block once its bytes turn out to have the hash that `key` names.
    mutating func add(_ key: Key, _ range: Range<Int>) throws(VerificationError) {
        let digest = bytes.withUnsafeBytes { SHA256.hash(UnsafeRawBufferPointer(rebasing: $0[range])) }
        guard digest == key.digest else { throw .wrongHash(block: count) }
        guard ranges.updateValue(range, forKey: key) == nil else { throw .duplicateBlock(block: count) }
    }
}
