package import HTTPTransport
internal import Shared
internal import Synchronization

/// Speaks to the Inference Coordination Layer (icl.md 1).
///
/// Every call has a limit of 15 s an attempt, is retried with full jitter on lost connections, 429 and 5xx, and signs
/// each attempt afresh over the same bytes. Other answers of the 400s are final. No answer is trusted for more than an
/// unauthenticated peer's.
///
/// Left out on purpose: the escrow route, whose answer is always 0 (icl.md 1.8), and the push channel (icl.md 1.10), for
/// which a node would have to listen to the network.
package final class CoordinatorClient: Sendable {
    private static let attemptLimit = Duration.seconds(15)
    /// Less than this is not worth an attempt.
    private static let shortestAttempt = Duration.seconds(1)
    /// A longer Retry-After is not waited for here; the caller learns of it.
    private static let longestRetryAfter = 30

    package let baseURL: ServiceURL
    let signer: any RequestSigner
    let surroundings: Surroundings
    private let client: any HTTPClient
    private let retries: RetryPolicy
    private let skew = Mutex<Int?>(nil)

    package init(
        baseURL: ServiceURL, client: any HTTPClient, signer: any RequestSigner, retries: RetryPolicy = .standard,
        surroundings: Surroundings = .system
    ) {
        self.baseURL = baseURL
        self.client = client
        self.signer = signer
        self.retries = retries
        self.surroundings = surroundings
    }

    /// By how many seconds the coordinator's clock was ahead of ours at its last answer; nil before the first one with
    /// a date. Signatures are good for about 300 s, so a large value must be named to the operator.
    package var clockSkew: Int? { skew.withLock { $0 } }

    func url(_ segments: [String]) throws(CoordinatorError) -> ServiceURL {
        do { return try baseURL.appending(segments) } catch { throw .transport(error) }
    }

    func get(
        _ segments: [String], about subject: Call.Subject, isSigned: Bool = true, limit: Int = Call.smallAnswer
    ) async throws(CoordinatorError) -> JSONValue {
        try await perform(
            Call(
                method: .get, url: try url(segments), body: [], subject: subject, isSigned: isSigned,
                maximumResponse: limit))
    }

    func post(
        _ segments: [String], _ body: [UInt8], about subject: Call.Subject, retries: RetryPolicy? = nil
    ) async throws(CoordinatorError) -> JSONValue {
        try await perform(
            Call(
                method: .post, url: try url(segments), body: body, subject: subject, isSigned: true,
                maximumResponse: Call.smallAnswer), retries)
    }

    // MARK: - Attempts

    private func perform(_ call: Call, _ policy: RetryPolicy? = nil) async throws(CoordinatorError) -> JSONValue {
        let policy = policy ?? retries
        let start = surroundings.elapsed()
        var attempt = 0
        while true {
            attempt += 1
            let left = policy.budget - (surroundings.elapsed() - start)
            let setback: Setback
            switch try await once(call, limit: min(CoordinatorClient.attemptLimit, left)) {
            case .success(let answer): return answer
            case .failure(let failure): setback = failure
            }
            guard setback.mayPass, attempt < policy.attempts else { throw setback.error }
            var delay = policy.delay(afterAttempt: attempt, random: surroundings.random())
            if let asked = setback.retryAfter {
                guard asked <= CoordinatorClient.longestRetryAfter else { throw setback.error }
                delay = max(delay, .seconds(asked))
            }
            let spent = surroundings.elapsed() - start
            guard spent + delay + CoordinatorClient.shortestAttempt <= policy.budget else { throw setback.error }
            do { try await surroundings.sleep(delay) } catch { throw .cancelled }
        }
    }

    private func once(_ call: Call, limit: Duration) async throws(CoordinatorError) -> Result<JSONValue, Setback> {
        var request = HTTPRequest(call.method, call.url)
        request.body = call.body
        request.timeout = limit
        request.maximumResponse = call.maximumResponse
        let sent = surroundings.unixTime()
        if call.isSigned { request.headers = try RequestSignature(call.body, at: sent, by: signer).headers }
        let response: HTTPResponse
        do throws(HTTPFailure) { response = try await client.send(request) } catch {
            return .failure(Setback(error))
        }
        let ahead = note(response, sent: sent)
        guard (200..<300).contains(response.status) else {
            let error = ErrorAnswer.error(response, of: call, clockSkew: ahead)
            return .failure(Setback(error, retryAfter: RetryAfter.seconds(response)))
        }
        do throws(JSONError) {
            return .success(try JSONValue(parsing: response.body, limit: call.maximumResponse))
        } catch { return .failure(Setback(.malformedAnswer(error.reason), retryAfter: nil)) }
    }

    /// Remembers the difference of the clocks that this answer shows.
    private func note(_ response: HTTPResponse, sent: Int) -> Int? {
        guard let server = response.headers["date"].flatMap(ServerTime.parse) else { return nil }
        let ahead = ServerTime.skew(of: server, sent: sent, received: surroundings.unixTime())
        skew.withLock { $0 = ahead }
        return ahead
    }
}

/// Why an attempt failed, and whether another one may succeed.
private struct Setback: Error {
    let error: CoordinatorError
    let mayPass: Bool
    let retryAfter: Int?

    init(_ failure: HTTPFailure) {
        error = failure == .cancelled ? .cancelled : .transport(failure)
        retryAfter = nil
        mayPass =
            switch failure {
            case .nameNotResolved, .connectFailed, .connectionLost, .timedOut, .tlsFailed: true
            default: false
            }
    }

    init(_ error: CoordinatorError, retryAfter: Int?) {
        self.error = error
        self.retryAfter = retryAfter
        mayPass =
            switch error {
            case .serverError, .rateLimited: true
            default: false
            }
    }
}
