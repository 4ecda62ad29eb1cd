internal import HTTPTransport
internal import Shared

/// How long the network may take, and how it is asked meanwhile (cofhe.md 1.2 and 1.3).
package struct SealPatience: Sendable {
    /// Submitting and polling together, with another permit where the first is refused.
    package var budget = Duration.seconds(100)
    /// One exchange.
    package var exchange = Duration.seconds(30)
    /// Before a ciphertext that is not ready is asked for again.
    package var resubmission = Duration.seconds(1)
    /// For how long "not found" may mean "not yet".
    package var discovery = Duration.seconds(10)
    /// Between two looks at a queued request.
    package var poll = Duration.seconds(1)
    /// How often a service that stumbles is asked, the first time included.
    package var attempts = 4

    package init() {}
}

/// Has one ciphertext sealed: submits, waits, asks again, and names every way in which that can end.
struct SealOutputCall: Sendable {
    let service: ServiceURL
    let client: any HTTPClient
    let patience: SealPatience
    let surroundings: Surroundings
    let chainID: UInt64
    let handle: CiphertextHandle
    let permission: Permission
    /// By the surroundings' clock; not later than the patience's budget.
    let end: Duration

    private static let maximumAnswer = 64 << 10

    /// What one exchange says.
    private enum Step {
        case sealed(SealedOutput)
        /// Known, and being worked on under this name.
        case queued(String)
        case notReady
        case notFound
        /// The service stumbled; it may be better in a moment.
        case stumbled
        case ended(ThresholdError)
        /// The permit is of another generation, has expired, or is not believed: another one may be. The error if not.
        case permitRefused(ThresholdError)
    }

    enum Outcome { case sealed(SealedOutput), permitRefused(ThresholdError) }

    func run() async throws(ThresholdError) -> Outcome {
        var stumbles = 0
        var queued: String?
        var notFoundSince: Duration?
        while true {
            let now = surroundings.elapsed()
            let left = end - now
            guard left > .zero else { throw stumbles > 0 ? .unreachable : .notReady }
            let step = try await exchange(queued, within: min(left, patience.exchange))
            let pause: Duration
            if case .notFound = step {} else { notFoundSince = nil }
            switch step {
            case .sealed(let output): return .sealed(output)
            case .permitRefused(let error): return .permitRefused(error)
            case .ended(let error): throw error
            case .queued(let name):
                queued = name
                pause = patience.poll
            case .notReady:
                queued = nil
                pause = patience.resubmission
            case .notFound:
                queued = nil
                let since = notFoundSince ?? now
                notFoundSince = since
                guard now - since < patience.discovery else { throw .notReady }
                pause = patience.resubmission
            case .stumbled:
                queued = nil
                stumbles += 1
                guard stumbles < patience.attempts else { throw .unreachable }
                pause = patience.resubmission * Double(1 << stumbles) * surroundings.random()
            }
            do { try await surroundings.sleep(pause) } catch { throw .unreachable }
        }
    }

    private func exchange(_ queued: String?, within limit: Duration) async throws(ThresholdError) -> Step {
        var request: HTTPRequest
        let segments = ["v2", "sealoutput"] + (queued.map { [$0] } ?? [])
        guard let url = try? service.appending(segments) else { throw .malformed }
        if queued != nil {
            request = HTTPRequest(.get, url)
        } else {
            request = HTTPRequest(.post, url)
            request.headers = [("Content-Type", "application/json")]
            // The digits of the whole handle, without a prefix.
            request.body =
                JSONValue.object([
                    .init("ct_tempkey", .string(Hexadecimal.encode(handle.bytes))),
                    .init("host_chain_id", .integer(chainID)), permission.member,
                ]).encoded()
        }
        request.timeout = limit
        request.maximumResponse = SealOutputCall.maximumAnswer
        let response: HTTPResponse
        do throws(HTTPFailure) { response = try await client.send(request) } catch {
            return switch error {
            case .bodyTooLarge, .headersTooLarge, .malformedResponse: .ended(.malformed)
            case .cancelled: .ended(.unreachable)
            default: .stumbled
            }
        }
        // Busy, or not ready; there is no body.
        if response.status == 204 { return .notReady }
        guard response.status == 200 else { return SealOutputCall.refusal(response, isPoll: queued != nil) }
        guard let answer = try? JSONValue(parsing: response.body) else { return .ended(.malformed) }
        do throws(ThresholdError) { return try read(answer, isPoll: queued != nil) } catch { return .ended(error) }
    }

    private func read(_ answer: JSONValue, isPoll: Bool) throws(ThresholdError) -> Step {
        // What failed may carry something sealed all the same.
        if answer["is_succeed"] == false { return .ended(.refused) }
        let output = try SealedOutput(answer, isSigned: permission.deployment.resultSigner != nil)
        if isPoll {
            switch answer["status"]?.text {
            case "PROCESSING": return .queued(try name(in: answer))
            case "COMPLETED": break
            default: throw .malformed
            }
        } else if output == nil {
            return .queued(try name(in: answer))
        }
        guard let output else { throw .malformed }
        return .sealed(output)
    }

    /// It becomes part of a path.
    private func name(in answer: JSONValue) throws(ThresholdError) -> String {
        guard let name = answer["request_id"]?.text, (1...128).contains(name.utf8.count),
            name.utf8.allSatisfy({ byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == 0x2D || byte == 0x5F
            })
        else { throw .malformed }
        return name
    }

    /// Every code that the service is known to give (cofhe.md 1.4); a code of which nobody has heard is a refusal.
    private static func refusal(_ response: HTTPResponse, isPoll: Bool) -> Step {
        let code = (try? JSONValue(parsing: response.body))?["error"]?.text ?? ""
        switch (response.status, code) {
        case (404, "ct_not_found"): return .notFound
        // A queue that has forgotten the request: it is made again.
        case (404, _) where isPoll: return .stumbled
        case (401, "permit_denied"), (401, "acp_denied"): return .permitRefused(.denied)
        case (401, "permit_expired"), (401, "acp_expired"), (401, "permit_invalid"), (401, "acp_invalid"),
            (400, "permit_required"), (400, "acp_required"), (502, "permit_verifier_error"),
            (502, "acp_verifier_error"), (403, _):
            return .permitRefused(.refused)
        case (422, "unsupported_security_zone"), (422, "unsupported_type"), (502, "ct_type_mismatch"),
            (502, "ct_zone_mismatch"):
            return .ended(.handleUnsupported)
        case (500, "internal_error"), (500, "signing_failed"), (500, "seal_failed"), (502, "ct_source_error"),
            (502, "commitment_mismatch"), (502, "commitment_verifier_error"), (408, _), (429, _), (503, _), (504, _),
            (502, ""), (500, ""):
            return .stumbled
        default: return .ended(.refused)
        }
    }
}
