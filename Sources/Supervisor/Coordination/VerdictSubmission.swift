internal import Shared

/// A verifier's verdict (icl.md 1.7).
package struct VerdictSubmission: Sendable, Equatable {
    package enum Verdict: String, Sendable { case confirm = "CONFIRM", reject = "REJECT" }

    package let job: JobID
    /// The exact bytes to journal and to send, now and on every repeat.
    package let body: [UInt8]

    /// Nil for a commitment that is not 32 bytes or a confidence outside 0...100.
    ///
    /// - Parameter verifier: the EIP-55 address of this node.
    package init?(job: JobID, verifier: String, commitment: [UInt8], verdict: Verdict, confidence: Int) {
        guard commitment.count == 32, (0...100).contains(confidence) else { return nil }
        let body: JSONValue = [
            "jobId": .string(job.text), "verifier_address": .string(verifier),
            "commitment_hash": .string(Hexadecimal.encode(commitment)), "verdict": .string(verdict.rawValue),
            "confidence": .integer(confidence),
        ]
        self.job = job
        self.body = body.encoded()
    }
}
