package import Shared

/// Sends HTTP requests for the supervisor. One implementation speaks through libcurl; tests bring their own.
package protocol HTTPClient: Sendable {
    func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse
}

/// One request. Redirects are never followed.
package struct HTTPRequest: Sendable {
    package enum Method: String, Sendable { case get = "GET", post = "POST" }

    package var method: Method
    /// `https`, or `http` to a loopback address; anything else is refused before a socket is opened.
    package var url: String
    package var headers: [(name: String, value: String)] = []
    /// A credential, sent as `Authorization: Bearer …` straight from secret memory.
    package var bearerToken: SharedSecret?
    package var body: [UInt8] = []
    /// Whole exchange, connecting included.
    package var timeout: Duration = .seconds(15)
    package var connectTimeout: Duration = .seconds(5)
    /// The longest answer accepted, in bytes; a longer one ends the exchange with `bodyTooLarge`.
    package var maximumResponse = 1 << 20

    package init(_ method: Method, _ url: String) {
        self.method = method
        self.url = url
    }

    package init(_ method: Method, _ url: ServiceURL) { self.init(method, url.text) }
}

package struct HTTPResponse: Sendable {
    package let status: Int
    /// Names in lower case; of a repeated header the last one stands.
    package let headers: [String: String]
    package let body: [UInt8]

    package init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Why there is no response. Carries codes only, never text of the peer.
package enum HTTPFailure: Error, Equatable, Sendable {
    case invalidURL, insecureURL
    /// A header, a credential or a body that may not be sent: control characters, framing headers, a GET with a body.
    case invalidRequest
    case nameNotResolved, connectFailed, connectionLost
    case tlsFailed, certificateRefused
    case timedOut
    case bodyTooLarge(limit: Int), headersTooLarge
    case malformedResponse
    case cancelled
    /// Any other libcurl code.
    case transport(code: Int)
}
