internal import HTTPTransport

/// One download from one gateway: a verifiable form first, the plain file where the gateway refuses that.
struct GatewayFetch: Sendable {
    let gateway: Gateway
    let cid: CID
    let verifier: ContentVerifier
    let client: any HTTPClient
    let clock: ContentClock
    /// For both requests together.
    let timeout: Duration
    let connectTimeout: Duration

    func run() async throws(GatewayFailure) -> [UInt8] {
        let end = clock.now() + timeout
        var response = try await send(.verifiable, until: end)
        if GatewayFetch.refusesForm(response.status) { response = try await send(.plain, until: end) }
        switch response.status {
        case 200: break
        case 404, 410: throw .notFound
        default: throw .refused(status: response.status)
        }
        let isArchive = response.headers["content-type"]?.lowercased().hasPrefix(Gateway.archiveType) ?? false
        do throws(VerificationError) {
            return try verifier.file(cid, inAnswer: response.body, isArchive: isArchive)
        } catch .tooLarge {
            throw .tooLarge
        } catch {
            throw .mismatch(error)
        }
    }

    private func send(_ form: Gateway.Form, until end: Duration) async throws(GatewayFailure) -> HTTPResponse {
        let left = end - clock.now()
        guard left > .zero else { throw .timedOut }
        var request = gateway.request(cid, form)
        request.timeout = left
        request.connectTimeout = min(connectTimeout, left)
        let mayBeArchive = form == .verifiable && cid.codec == .dagPB
        request.maximumResponse =
            mayBeArchive ? verifier.limits.maximumAnswerBytes : verifier.limits.maximumBytes
        do throws(HTTPFailure) { return try await client.send(request) } catch { throw GatewayFailure(error) }
    }

    /// What gateways answer that serve files, but no blocks or archives.
    private static func refusesForm(_ status: Int) -> Bool { [400, 403, 406, 415, 501].contains(status) }
}
