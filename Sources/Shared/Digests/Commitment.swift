/// What a node commits to, so that a quorum can compare answers without seeing them (icl.md 2.5).
package enum Commitment {
    /// `SHA256(SHA256(cid) ‖ innerHash)`, 32 bytes.
    ///
    /// - Parameter innerHash: SHA-256 of the normalised answer, all that the supervisor ever learns of it.
    package static func hash(cid: String, innerHash: [UInt8]) -> [UInt8] {
        SHA256.hash(SHA256.hash(Array(cid.utf8)) + innerHash)
    }
}
