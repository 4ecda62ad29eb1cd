import Synchronization

import HTTPTransport

/// Answers with its list, one after the other, and keeps to the last one. Remembers every request.
final class ScriptedClient: HTTPClient {
    typealias Answer = Result<HTTPResponse, HTTPFailure>

    private let answers: [Answer]
    private let seen = Mutex<[HTTPRequest]>([])

    init(_ answers: Answer...) { self.answers = answers }

    convenience init(status: Int = 200, headers: [String: String] = [:], _ body: [UInt8]) {
        self.init(.success(HTTPResponse(status: status, headers: headers, body: body)))
    }

    convenience init(status: Int = 200, headers: [String: String] = [:], _ body: String) {
        self.init(status: status, headers: headers, Array(body.utf8))
    }

    var requests: [HTTPRequest] { seen.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        let index = seen.withLock { seen in
            seen.append(request)
            return seen.count - 1
        }
        return try answers[min(index, answers.count - 1)].get()
    }
}

extension HTTPRequest {
    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}
