import Testing

import HTTPTransport
import LoopbackServer
import Shared

@Suite("The HTTP client")
struct CurlClientTests {
    private let client: CurlClient

    init() throws { client = try CurlClient() }

    @Test("carries method, path, headers and body to the server, and its answer back")
    func exchange() async throws {
        let server = try LoopbackServer { _ in
            .json(#"{"ok":true}"#, status: 201, headers: [("X-Mixed-Case", "  v 1 ")])
        }
        var request = HTTPRequest(.post, server.base + "/a/b?c=%20d")
        request.headers = [("X-Node-Address", "0xAb"), ("Content-Type", "application/json"), ("X-Empty", "")]
        request.body = Array("{\"é\":1}\u{0}\r\n".utf8)
        let response = try await client.send(request)
        #expect(response.status == 201)
        #expect(response.headers["x-mixed-case"] == "v 1")
        #expect(response.body == Array(#"{"ok":true}"#.utf8))
        let seen = try #require(server.requests.first)
        #expect(seen.method == "POST")
        #expect(seen.target == "/a/b?c=%20d")
        #expect(seen.header("X-Node-Address") == "0xAb")
        #expect(seen.header("X-Empty") == "")
        #expect(seen.header("User-Agent") == "blindference-node/\(Version.text)")
        #expect(seen.header("Host") == "127.0.0.1:\(server.port)")
        #expect(seen.body == request.body)
        #expect(seen.headers.filter { $0.name.lowercased() == "content-type" }.count == 1)
    }

    @Test("sends nothing that was not asked for: no Expect, no cookie, no form type, no encodings")
    func nothingExtra() async throws {
        let server = try LoopbackServer { _ in
            .answer(headers: [("Set-Cookie", "a=b"), ("Strict-Transport-Security", "max-age=9")])
        }
        var request = HTTPRequest(.post, server.base)
        request.body = [UInt8](repeating: 7, count: 3 << 20)
        for _ in 0..<2 { _ = try await client.send(request) }
        let names = Set(server.requests.flatMap { $0.headers.map { $0.name.lowercased() } })
        #expect(names == ["host", "user-agent", "accept", "content-length"])
        #expect(server.requests.allSatisfy { $0.body == request.body })
    }

    @Test("an empty POST has a length of zero")
    func emptyPost() async throws {
        let server = try LoopbackServer { _ in .answer() }
        _ = try await client.send(HTTPRequest(.post, server.base))
        #expect(server.requests.first?.header("content-length") == "0")
    }

    @Test("uses one connection for many requests")
    func keepAlive() async throws {
        let server = try LoopbackServer { _ in .answer() }
        for _ in 0..<10 { _ = try await client.send(HTTPRequest(.get, server.base)) }
        #expect(server.requests.count == 10)
        #expect(server.connections == 1)
    }

    @Test("a kept connection that the server has closed costs no request")
    func closedInBetween() async throws {
        let server = try LoopbackServer { $0.connection == 1 ? .answer().then(.close) : .answer() }
        for _ in 0..<3 { #expect(try await client.send(HTTPRequest(.get, server.base)).status == 200) }
        #expect(server.connections == 2)
    }

    @Test("answers do not mix between a hundred requests at once")
    func parallel() async throws {
        let server = try LoopbackServer { .answer(body: Array($0.target.utf8)) }
        let base = server.base
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<100 {
                group.addTask { [client] in
                    try await client.send(HTTPRequest(.get, "\(base)/\(index)")).body == Array("/\(index)".utf8)
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test("a redirect is an answer like any other")
    func redirect() async throws {
        let server = try LoopbackServer { _ in .answer(302, headers: [("Location", "http://127.0.0.1:1/")]) }
        let response = try await client.send(HTTPRequest(.get, server.base))
        #expect(response.status == 302)
        #expect(server.requests.count == 1)
    }

    @Test("of an interim answer only the final one remains; trailers are no headers")
    func interim() async throws {
        let server = try LoopbackServer { request in
            if request.target == "/trailers" { return .chunked([[1, 2], [3]], trailers: [("Date", "never")]) }
            return .raw("HTTP/1.1 103 Early\r\nDate: early\r\nContent-Length: 9999999\r\n\r\n").then(.answer(body: [9]))
        }
        let early = try await client.send(HTTPRequest(.get, server.base))
        #expect(early.status == 200 && early.body == [9] && early.headers["date"] == nil)
        let chunked = try await client.send(HTTPRequest(.get, server.base + "/trailers"))
        #expect(chunked.body == [1, 2, 3] && chunked.headers["date"] == nil)
    }

    @Test("a credential is sent as it is")
    func bearer() async throws {
        let server = try LoopbackServer { _ in .answer() }
        var secret = try SecretBytes(capacity: 64)
        try secret.append("eyJ.token-_~")
        var request = HTTPRequest(.get, server.base)
        request.bearerToken = SharedSecret(secret)
        _ = try await client.send(request)
        #expect(server.requests.first?.header("Authorization") == "Bearer eyJ.token-_~")
    }

    @Test(
        "no header and no credential can smuggle a line into the request",
        arguments: [
            ("X-A", "v\r\nX-B: w"), ("X-A\r\nX-B", "v"), ("X A", "v"), ("", "v"), ("X-A:", "v"), ("X-A", "v\u{0}"),
            ("X-A", "é"), ("Content-Length", "5"), ("transfer-encoding", "chunked"), ("Host", "evil.example"),
            ("Expect", "x"),
        ])
    func smuggling(name: String, value: String) async throws {
        let server = try LoopbackServer { _ in .answer() }
        var request = HTTPRequest(.get, server.base)
        request.headers = [(name, value)]
        await #expect(throws: HTTPFailure.invalidRequest) { try await client.send(request) }
        request.headers = []
        var secret = try SecretBytes(capacity: 64)
        try secret.append("token\r\nX-B: w")
        request.bearerToken = SharedSecret(secret)
        await #expect(throws: HTTPFailure.invalidRequest) { try await client.send(request) }
        #expect(server.connections == 0)
    }

    @Test("a GET has no body, and an address that may not be is refused before a socket is opened")
    func refusedRequests() async throws {
        let server = try LoopbackServer { _ in .answer() }
        var request = HTTPRequest(.get, server.base)
        request.body = [1]
        await #expect(throws: HTTPFailure.invalidRequest) { try await client.send(request) }
        await #expect(throws: HTTPFailure.insecureURL) { try await client.send(HTTPRequest(.get, "http://192.0.2.1/")) }
        await #expect(throws: HTTPFailure.invalidURL) {
            try await client.send(HTTPRequest(.get, "https://a@b.example/"))
        }
        #expect(server.connections == 0)
    }

    @Test("localhost is this machine")
    func localhost() async throws {
        let server = try LoopbackServer { _ in .answer() }
        let response = try await client.send(HTTPRequest(.get, "http://localhost:\(server.port)/"))
        #expect(response.status == 200)
    }
}
