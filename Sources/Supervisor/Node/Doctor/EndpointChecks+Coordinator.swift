internal import Coordination
internal import HTTPTransport

extension EndpointChecks {
    /// The coordinator's health, and by its Date how well the clocks agree.
    func coordinator(_ client: any HTTPClient) async -> [Finding] {
        let service = configuration.iclEndpoint
        let coordinator = CoordinatorClient(
            baseURL: service, client: client, signer: NoSigner(),
            retries: RetryPolicy(
                attempts: 2, firstDelay: .milliseconds(300), longestDelay: .seconds(1), budget: .seconds(12)))
        let health: CoordinatorHealth
        do throws(CoordinatorError) { health = try await coordinator.health() } catch {
            let failure = EndpointChecks.failure(error, service)
            return [Finding(.coordinator, about: service.origin, .fail, failure.text, next: failure.nextStep)]
        }
        return [EndpointChecks.state(health, service), EndpointChecks.clock(ahead: coordinator.clockSkew)]
    }

    static func state(_ health: CoordinatorHealth, _ service: ServiceURL) -> Finding {
        let isWhole =
            health.isHealthy && health.isChainConnected != false && health.isDatabaseConnected != false
        return isWhole
            ? Finding(.coordinator, about: service.origin, .pass, "It answers, and is well.")
            : Finding(
                .coordinator, about: service.origin, .warn, "It answers, but says that it is not well.",
                next: "Wait, or ask whoever runs it: jobs may not be assigned or paid.")
    }

    /// - Parameter ahead: seconds by which the coordinator's clock is ahead; nil where its answers have no date.
    static func clock(ahead: Int?) -> Finding {
        guard let ahead else {
            return Finding(
                .clock, .warn, "The coordinator's answers have no date, so the clocks cannot be compared.",
                next: "See that this machine's clock is set by NTP: timedatectl")
        }
        let difference = abs(ahead)
        let text = "This clock is \(difference) s \(ahead > 0 ? "behind" : "ahead of") the coordinator's."
        let cure = "Set this machine's clock: timedatectl set-ntp true"
        if difference > AttestationWatchdog.toleratedSkew {
            return Finding(.clock, .fail, text + " Signatures would be refused.", next: cure)
        }
        if difference > 30 { return Finding(.clock, .warn, text, next: cure) }
        return Finding(.clock, .pass, "This clock agrees with the coordinator's.")
    }

    private static func failure(_ error: CoordinatorError, _ service: ServiceURL) -> Reachability.Failure {
        switch error {
        case .transport(let failure): return Reachability.failure(failure, service)
        case .serverError(let status), .unexpectedStatus(let status), .malformedRequest(let status):
            return .init(
                text: "It answers with status \(status).",
                nextStep: "Check icl_endpoint; if it is right, wait or ask whoever runs the coordinator.")
        case .malformedAnswer:
            return .init(text: "What answers there is no coordinator.", nextStep: "Check icl_endpoint.")
        default:
            return .init(text: "It refuses to tell its health (\(error)).", nextStep: "Check icl_endpoint.")
        }
    }
}

/// For calls that are not signed: an examination has no wallet.
private struct NoSigner: RequestSigner {
    struct Refusal: Error {}

    let checksummedAddress = ""

    func signature(overMessage bytes: [UInt8]) throws -> String { throw Refusal() }
}
