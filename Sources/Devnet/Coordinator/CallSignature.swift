package import Ethereum
internal import Shared

/// The headers by which a node signs each call (wire.md 1), checked.
///
/// Signed are the exact bytes of the body followed by the digits of the timestamp; method and path are not covered.
package enum CallSignature {
    package static let window = 300.0

    /// The caller's EIP-55 address. Throws the refusal otherwise.
    static func caller(of request: ServedRequest, now: Double) throws -> String {
        guard let address = request.headers["x-node-address"], let timestamp = request.headers["x-timestamp"],
            let signature = request.headers["x-signature"]
        else { throw Refusal(401, "missing signature headers", .signatureMissing) }
        guard let claimed = try? Address(address), claimed.checksummed == address else {
            throw Refusal(401, "X-Node-Address is not a checksummed address", .addressNotChecksummed)
        }
        guard (1...12).contains(timestamp.utf8.count), timestamp.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
            let time = Double(timestamp), abs(time - now) <= window
        else { throw Refusal(401, "timestamp outside the window of 300 s", .timestampOutOfWindow) }
        // v as 27 or 28 and lower-case digits are what the published node sends; nothing else was ever seen.
        guard signature.utf8.count == 132, signature.hasPrefix("0x"), signature == signature.lowercased(),
            signature.hasSuffix("1b") || signature.hasSuffix("1c"), let parsed = try? Signature(hexadecimal: signature)
        else { throw Refusal(401, "malformed signature", .signatureMalformed) }
        let digest = EIP191.digest(message: request.body + Array(timestamp.utf8))
        guard (try? parsed.recoverAddress(digest: digest)) == claimed else {
            throw Refusal(401, "signature does not match", .signatureWrong)
        }
        return address
    }

    /// The headers of a call by `key`, for scripted nodes.
    package static func headers(_ key: PrivateKey, body: [UInt8], time: Double) -> [(String, String)] {
        let timestamp = String(Int(time))
        return [
            ("X-Node-Address", key.address.checksummed), ("X-Timestamp", timestamp),
            ("X-Signature", key.signMessage(body + Array(timestamp.utf8)).hexadecimal),
            ("Content-Type", "application/json"),
        ]
    }
}
