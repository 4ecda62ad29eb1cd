package import HTTPTransport
package import Shared

/// Why a call to the coordinator came to nothing. Codes and numbers only; no text of the coordinator is kept.
package enum CoordinatorError: Error, Equatable, Sendable {
    /// No whole answer came, after all attempts.
    case transport(HTTPFailure)
    /// The wallet did not sign.
    case notSigned
    /// 401. `clockSkew` is by how many seconds the coordinator's clock is ahead of ours, where it told: a skewed clock
    /// looks like a lost registration, and attesting again does not cure it.
    case unauthorized(clockSkew: Int?)
    /// 404 where the node itself was asked for: the coordinator does not know this node.
    case forgotten
    case forbidden
    case unknownJob
    /// A verdict of a node that was not assigned to the job.
    case notQuorumMember
    /// The job is of the legacy risk mode, which the text endpoints refuse.
    case notATextJob
    /// 409: the coordinator holds another result or verdict of this node for the job.
    case contradicted
    /// Any other 400, 413, 415 or 422.
    case malformedRequest(status: Int)
    /// 429 after all attempts. `retryAfter` are the seconds the coordinator asked for.
    case rateLimited(retryAfter: Int?)
    case serverError(status: Int)
    case unexpectedStatus(Int)
    /// A success whose body is not what the protocol promises.
    case malformedAnswer(JSONError.Reason)
    case cancelled

    /// Whether a new attestation may cure it. A job that is unknown says nothing about the node.
    package var meansAttestAgain: Bool {
        switch self {
        case .unauthorized, .forgotten: true
        default: false
        }
    }
}
