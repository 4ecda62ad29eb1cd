package import HTTPTransport

/// Why one gateway did not deliver.
package enum GatewayFailure: Error, Equatable, Sendable {
    case mismatch(VerificationError)
    case tooLarge
    case timedOut
    case unreachable(HTTPFailure)
    case refused(status: Int)
    case notFound

    init(_ failure: HTTPFailure) {
        switch failure {
        case .timedOut: self = .timedOut
        case .bodyTooLarge: self = .tooLarge
        default: self = .unreachable(failure)
        }
    }

    /// Whether the gateway itself is to blame, so that others should be asked before it for a while.
    var isGatewaysFault: Bool {
        switch self {
        case .mismatch, .timedOut, .unreachable, .refused: true
        // A gateway may honestly lack a file, or hold one that is longer than this caller wants.
        case .tooLarge, .notFound: false
        }
    }
}

/// What became of one gateway in one download, for logs and metrics.
package struct GatewayReport: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        case delivered(bytes: Int)
        case failed(GatewayFailure)
        /// Still at work after the time for the next one to start, and then another one was first.
        case overtaken
    }

    /// Its place in the configured order, from 0.
    package let gateway: Int
    package let outcome: Outcome

    package init(gateway: Int, outcome: Outcome) {
        self.gateway = gateway
        self.outcome = outcome
    }
}
