internal import HTTPTransport

/// How long and how often an upload is tried. Trying again is safe: the same bytes get the same identifier.
package struct UploadPolicy: Sendable {
    package var attemptTimeout: Duration = .seconds(30)
    package var connectTimeout: Duration = .seconds(5)
    package var attempts = 3
    /// The wait before the second attempt; it doubles with each further one.
    package var backOff: Duration = .milliseconds(500)
    /// The longest wait a service can ask for with `Retry-After`.
    package var maximumBackOff: Duration = .seconds(8)
    /// All attempts and waits together.
    package var deadline: Duration = .seconds(75)

    package init() {}

    static func mayPass(_ status: Int) -> Bool { status == 429 || (500...599).contains(status) }

    static func mayPass(_ failure: HTTPFailure) -> Bool {
        switch failure {
        case .nameNotResolved, .connectFailed, .connectionLost, .tlsFailed, .timedOut, .transport, .malformedResponse:
            true
        default: false
        }
    }
}

/// Sends one upload, again where that can help, and returns the answer of a success.
struct UploadAttempts: Sendable {
    let client: any HTTPClient
    let policy: UploadPolicy
    let clock: ContentClock

    func send(_ template: HTTPRequest) async throws(ContentError) -> HTTPResponse {
        let end = clock.now() + policy.deadline
        var backOff = policy.backOff
        var attempt = 1
        while true {
            var request = template
            request.timeout = min(policy.attemptTimeout, end - clock.now())
            request.connectTimeout = min(policy.connectTimeout, request.timeout)
            request.maximumResponse = 64 << 10
            let reason: ContentError
            var wait = backOff
            do throws(HTTPFailure) {
                let response = try await client.send(request)
                if (200...299).contains(response.status) { return response }
                reason = .uploadRefused(status: response.status)
                if let asked = response.headers["retry-after"].flatMap({ Int($0) }), asked > 0 {
                    wait = max(wait, .seconds(min(asked, 3600)))
                }
            } catch {
                if error == .cancelled { throw .cancelled }
                reason = .uploadFailed(error)
            }
            wait = min(wait, policy.maximumBackOff)
            guard reason.isTransient, attempt < policy.attempts, clock.now() + wait < end else { throw reason }
            do { try await clock.sleep(wait) } catch { throw .cancelled }
            attempt += 1
            backOff *= 2
        }
    }
}
