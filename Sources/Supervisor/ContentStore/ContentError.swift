package import HTTPTransport

/// Why content could not be fetched or stored. Codes and numbers only.
package enum ContentError: Error, Equatable, Sendable {
    /// The address at this place of the list cannot carry a path.
    case invalidServiceURL(index: Int)
    case noGateways
    case noUploader
    case cancelled

    // Downloads. Of several gateways' failures the one named first here gives the name; the tally has them all.
    /// At least one gateway answered with other content, and none with the right one.
    case mismatch(GatewayTally)
    case timedOut(GatewayTally)
    case unreachable(GatewayTally)
    /// HTTP errors other than 404 and 410.
    case refused(GatewayTally)
    /// Longer than the caller allows.
    case tooLarge(GatewayTally, limit: Int)
    /// Every gateway answered that it has no such content.
    case notFound(GatewayTally)

    // Uploads.
    case uploadFailed(HTTPFailure)
    case uploadRefused(status: Int)
    case uploadAnswerMalformed
    /// The service named an identifier that this node does not work with.
    case uploadIdentifierUnsupported(CIDError)
    /// The identifier the service named is not that of the bytes it was sent, under any layout in use.
    case uploadMismatch

    /// True where trying the same again later can help.
    package var isTransient: Bool {
        switch self {
        case .timedOut, .unreachable, .refused, .notFound, .mismatch: true
        case .uploadFailed(let failure): UploadPolicy.mayPass(failure)
        case .uploadRefused(let status): UploadPolicy.mayPass(status)
        case .invalidServiceURL, .noGateways, .noUploader, .cancelled, .tooLarge, .uploadAnswerMalformed,
            .uploadIdentifierUnsupported, .uploadMismatch:
            false
        }
    }
}

/// How many gateways failed in which way.
package struct GatewayTally: Equatable, Sendable {
    package var mismatched = 0
    package var tooLarge = 0
    package var timedOut = 0
    package var unreachable = 0
    package var refused = 0
    package var notFound = 0

    package init() {}

    package var count: Int { mismatched + tooLarge + timedOut + unreachable + refused + notFound }

    mutating func add(_ failure: GatewayFailure) {
        switch failure {
        case .mismatch: mismatched += 1
        case .tooLarge: tooLarge += 1
        case .timedOut: timedOut += 1
        case .unreachable: unreachable += 1
        case .refused: refused += 1
        case .notFound: notFound += 1
        }
    }

    func error(limit: Int) -> ContentError {
        if mismatched > 0 { return .mismatch(self) }
        if timedOut > 0 { return .timedOut(self) }
        if unreachable > 0 { return .unreachable(self) }
        if refused > 0 { return .refused(self) }
        // Nearly last, since it is final for the caller: garbage from one gateway must not hide another's outage.
        if tooLarge > 0 { return .tooLarge(self, limit: limit) }
        return .notFound(self)
    }
}
