internal import Shared

/// How a job stands, in the words of the coordinator. Failed and waiting jobs both read as queued (icl.md 0.11).
package enum JobState: Sendable, Equatable {
    case queued, accepted, rejected, disputed, timedOut
    /// A word this node does not know: not final.
    case other

    init(_ word: String) {
        switch word {
        case "QUEUED": self = .queued
        case "ACCEPTED": self = .accepted
        case "REJECTED": self = .rejected
        case "DISPUTED": self = .disputed
        case "TIMEDOUT": self = .timedOut
        default: self = .other
        }
    }

    /// Whether nothing this node sends can change it any more.
    package var isFinal: Bool {
        switch self {
        case .accepted, .rejected, .disputed, .timedOut: true
        case .queued, .other: false
        }
    }
}

/// The answer of `/internal/jobs/{id}/status` (icl.md 1.8).
package struct JobStatus: Sendable, Equatable {
    package let state: JobState
    /// Nil until the leader has delivered.
    package let outputCID: String?
    /// The leader's commitment; after the decision the winning one. As written: servers compare the text.
    package let leaderCommitment: String?

    init(_ answer: JSONValue) throws(CoordinatorError) {
        state = JobState(try answer.answerText("status"))
        outputCID = try answer.answerOptionalText("outputCid")
        leaderCommitment = try answer.answerOptionalText("leaderCommitment")
    }
}
