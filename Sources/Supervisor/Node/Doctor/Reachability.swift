internal import HTTPTransport

/// Whether a service answers at all, and if not, how far one gets.
enum Reachability {
    static let timeout = Duration.seconds(8)

    struct Failure: Error, Equatable {
        let text: String
        let nextStep: String
    }

    /// Asks for the root of the service's origin: the path of an address may hold an API key, and may cost money.
    /// Any answer in HTTP will do.
    static func check(_ service: ServiceURL, _ client: any HTTPClient) async -> Result<Int, Failure> {
        var request = HTTPRequest(.get, service.origin + "/")
        request.timeout = timeout
        request.maximumResponse = 256 << 10
        do throws(HTTPFailure) { return .success(try await client.send(request).status) } catch {
            // A long page is an answer.
            if case .bodyTooLarge = error { return .success(200) }
            return .failure(failure(error, service))
        }
    }

    static func failure(_ error: HTTPFailure, _ service: ServiceURL) -> Failure {
        let place = "\(service.host):\(service.port)"
        switch error {
        case .nameNotResolved:
            return Failure(
                text: "The name \(service.host) is not found.",
                nextStep: "Check the address in the configuration, and this machine's DNS: getent hosts \(service.host)"
            )
        case .connectFailed:
            return Failure(
                text: "No connection to \(place) comes about.",
                nextStep: "Check that the service runs, and that a firewall lets this machine out to \(place).")
        case .timedOut:
            return Failure(
                text: "\(place) did not answer in \(timeout.components.seconds) s.",
                nextStep: "Check that the service runs, and that a firewall lets this machine out to \(place).")
        case .certificateRefused:
            return Failure(
                text: "The TLS certificate of \(place) is not trusted.",
                nextStep: "Check the clock and the trust store; behind a proxy that opens TLS the node cannot run.")
        case .tlsFailed:
            return Failure(
                text: "TLS with \(place) does not come about.",
                nextStep: "Check that the service speaks TLS 1.2 or newer at this port.")
        // libcurl's code for a trust store that it cannot read.
        case .transport(code: 77):
            return Failure(
                text: "TLS with \(place) needs a trust store, and there is none.",
                nextStep: "Install ca-certificates, or set SSL_CERT_FILE.")
        case .connectionLost, .malformedResponse:
            return Failure(
                text: "\(place) accepts connections, but does not answer in HTTP.",
                nextStep: "Check the port and the scheme of the address in the configuration.")
        default:
            return Failure(
                text: "\(place) cannot be asked (\(error)).", nextStep: "Check the address in the configuration.")
        }
    }
}
