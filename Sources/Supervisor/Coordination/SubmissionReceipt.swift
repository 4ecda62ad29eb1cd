internal import Shared

/// The answer to a result or a verdict.
package struct SubmissionReceipt: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        case recorded
        /// The quorum has decided.
        case committed
        /// A word this node does not know.
        case other
    }

    package let outcome: Outcome
    package let isFinal: Bool
    /// The commitment the server holds, as it writes it. Anyone may overwrite it on the published server.
    package let commitment: String?

    init(_ answer: JSONValue) throws(CoordinatorError) {
        switch try answer.answerText("status") {
        case "leader_result_recorded", "verifier_verdict_recorded": outcome = .recorded
        case "committed": outcome = .committed
        default: outcome = .other
        }
        isFinal = answer["finalized"]?.truth ?? (outcome == .committed)
        commitment = answer["commitment_hash"]?.plainText(upTo: 128)
    }
}
