/// The headers that authenticate one attempt of one request (wire.md 1).
struct RequestSignature {
    let headers: [(name: String, value: String)]

    /// Signs exactly the bytes that are sent, with the Unix time in decimal behind them. Method and path are not
    /// covered, which is the protocol's weakness, not a choice made here.
    init(_ body: [UInt8], at time: Int, by signer: any RequestSigner) throws(CoordinatorError) {
        let timestamp = String(time)
        let signature: String
        do { signature = try signer.signature(overMessage: body + timestamp.utf8) } catch { throw .notSigned }
        headers = [
            ("X-Node-Address", signer.checksummedAddress), ("X-Timestamp", timestamp), ("X-Signature", signature),
            ("Content-Type", "application/json"),
        ]
    }
}
