internal import HTTPTransport
internal import Shared

/// Reads answers that are no success. Their bodies are a string, an array or no JSON at all (icl.md 1.0), and are only
/// searched for the few words that change what the node does next.
enum ErrorAnswer {
    private enum KnownDetail: CaseIterable {
        case notQuorumMember, notATextJob

        var words: String {
            switch self {
            case .notQuorumMember: "non-quorum"
            case .notATextJob: "text-mode"
            }
        }
    }

    private static let longestDetail = 4096

    static func error(_ response: HTTPResponse, of call: Call, clockSkew: Int?) -> CoordinatorError {
        switch response.status {
        case 401 where call.isSigned: return .unauthorized(clockSkew: clockSkew)
        case 404: return notFound(call.subject)
        case 429: return .rateLimited(retryAfter: RetryAfter.seconds(response))
        case 409: return .contradicted
        case 400, 403, 413, 415, 422:
            switch knownDetail(response.body) {
            case .notQuorumMember: return .notQuorumMember
            case .notATextJob: return .notATextJob
            case nil: return response.status == 403 ? .forbidden : .malformedRequest(status: response.status)
            }
        case 500...599: return .serverError(status: response.status)
        default: return .unexpectedStatus(response.status)
        }
    }

    private static func notFound(_ subject: Call.Subject) -> CoordinatorError {
        switch subject {
        case .node: .forgotten
        case .job: .unknownJob
        case .service: .unexpectedStatus(404)
        }
    }

    private static func knownDetail(_ body: [UInt8]) -> KnownDetail? {
        guard body.count <= longestDetail, let detail = (try? JSONValue(parsing: body))?["detail"]?.text else {
            return nil
        }
        return KnownDetail.allCases.first { detail.contains($0.words) }
    }
}

/// The Retry-After header, in whole seconds. The form with a date is not used by anything the node talks to.
enum RetryAfter {
    static func seconds(_ response: HTTPResponse) -> Int? {
        guard let text = response.headers["retry-after"], text.utf8.count <= 6, let seconds = Int(text), seconds >= 0
        else { return nil }
        return seconds
    }
}
