internal import Shared

/// What the network answers when it has sealed a value (cofhe.md 1.2 and 1.6): ciphertext for the worker, and a signature
/// over it. Checked here for its form alone; the worker opens it, and checks by whom it was signed.
struct SealedOutput: Sendable, Equatable {
    /// `tag ‖ ciphertext ‖ ephemeral public key(32) ‖ nonce(24) ‖ signature(65)`, as the worker takes it; without the
    /// signature where there is none.
    let body: [UInt8]

    private static let tagBytes = 16
    private static let longestText = 32

    /// Nil for an answer in which nothing is sealed.
    ///
    /// - Parameter isSigned: whether the chain names a signer.
    init?(_ answer: JSONValue, isSigned: Bool) throws(ThresholdError) {
        // An older form is nested, a newer one flat.
        let nested = answer["sealed"].flatMap { $0 == .null ? nil : $0 }
        let parts: [JSONValue?] =
            nested.map { [$0["data"], $0["public_key"], $0["nonce"]] }
            ?? [answer["sealed_data"], answer["ephemeral_public_key"], answer["nonce"]]
        guard parts.contains(where: { $0 != nil && $0 != .null }) else { return nil }
        let shortest = SealedOutput.tagBytes + 1
        guard let data = SealedOutput.octets(parts[0], shortest...SealedOutput.tagBytes + SealedOutput.longestText),
            let publicKey = SealedOutput.octets(parts[1], 32...32), let nonce = SealedOutput.octets(parts[2], 24...24),
            // The type that was asked for, where it is named.
            answer["encryption_type"].map({ $0 == .null || $0.int == Int(CiphertextHandle.uint128) }) ?? true
        else { throw .malformed }
        var signature: [UInt8] = []
        if isSigned {
            guard let bytes = answer["signature"]?.text.flatMap(Hexadecimal.decode), bytes.count == 65 else {
                throw .malformed
            }
            signature = bytes
        }
        body = data + publicKey + nonce + signature
    }

    /// An array of integers from 0 to 255, so many of them.
    private static func octets(_ value: JSONValue?, _ count: ClosedRange<Int>) -> [UInt8]? {
        guard let elements = value?.elements, count.contains(elements.count) else { return nil }
        var bytes: [UInt8] = []
        for element in elements {
            guard case .number(let digits) = element, let byte = UInt8(digits) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
