internal import Shared

/// A challenge for an attestation, good for about 300 s.
package struct Challenge: Sendable, Equatable {
    package let id: String
    /// 16 to 64 bytes; 32 are promised.
    package let nonce: [UInt8]
    /// Unix seconds.
    package let expiresAt: Int?

    init(_ answer: JSONValue) throws(CoordinatorError) {
        id = try answer.answerText("challengeId")
        // With and without 0x: servers differ (icl.md 1.1). A short nonce would let an old quote pass as a fresh one.
        nonce = try answer.answer("nonce") { $0.text.flatMap { Hexadecimal.decode($0) } }
        guard (16...64).contains(nonce.count) else { throw .malformedAnswer(.wrongType) }
        expiresAt = answer["expiresAt"]?.int
    }
}
