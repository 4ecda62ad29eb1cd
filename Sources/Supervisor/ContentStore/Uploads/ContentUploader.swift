/// Stores bytes where gateways find them.
package protocol ContentUploader: Sendable {
    /// Returns the identifier of exactly these bytes; one that does not match them is an error.
    func upload(_ bytes: [UInt8]) async throws(ContentError) -> CID
}

extension CID {
    /// Reads the identifier a storage service answered with and holds it against what was sent.
    init(claimed text: String, for bytes: [UInt8]) throws(ContentError) {
        do throws(CIDError) { self = try CID(text) } catch { throw .uploadIdentifierUnsupported(error) }
        guard UnixFS.recognises(bytes, as: self) else { throw .uploadMismatch }
    }
}
