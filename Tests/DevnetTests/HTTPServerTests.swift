import DevnetCore
import Shared
import Testing

@Suite struct HTTPServerTests {
    private let echo: HTTPServer.Handler = { request in
        .reply(Reply(status: 200, contentType: "application/octet-stream", body: request.body))
    }

    @Test(arguments: ["0.0.0.0", "192.168.0.1", "localhost", "::1", "8.8.8.8", ""])
    func `an address outside 127.0.0.0/8 is refused`(host: String) {
        #expect(throws: SocketError.notLoopback) { try HTTPServer(host: host, handler: echo) }
        var settings = Devnet.Settings()
        settings.host = host
        #expect(throws: SocketError.notLoopback) { try Devnet(settings).serve() }
        #expect(throws: LoopbackClient.Failure.self) { try LoopbackClient(url: "http://\(host):80").send("GET", "/") }
    }

    @Test func `8 MiB go in and come out unchanged`() throws {
        let server = try HTTPServer(handler: echo)
        defer { server.stop() }
        let body = ToyCrypto.random(8 << 20)
        #expect(try LoopbackClient(url: server.url).send("POST", "/", body: body).body == body)
    }

    @Test func `chunked bodies are read`() throws {
        let server = try HTTPServer(handler: echo)
        defer { server.stop() }
        let raw = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
        #expect(try exchange(server, raw).hasSuffix("\r\n\r\nabcde"))
    }

    @Test(arguments: [
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "GET / HTTP/2\r\n\r\n", "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\nbad header\r\n\r\n", "GET /%zz HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    ])
    func `malformed requests get 400`(raw: String) throws {
        let server = try HTTPServer(handler: echo)
        defer { server.stop() }
        #expect(try exchange(server, raw).hasPrefix("HTTP/1.1 400 "))
    }

    @Test func `a body above the limit gets 413 before it is read`() throws {
        let server = try HTTPServer(handler: echo)
        defer { server.stop() }
        let raw = "POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"
        #expect(try exchange(server, raw).hasPrefix("HTTP/1.1 413 "))
    }

    @Test func `one connection carries many requests, and Expect is answered`() throws {
        let server = try HTTPServer(handler: echo)
        defer { server.stop() }
        let raw =
            "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na"
            + "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nb"
        let text = try exchange(server, raw)
        #expect(text.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 "))
        #expect(text.split(separator: "HTTP/1.1 200 ").count == 3)
    }

    /// Sends raw bytes, finishes sending and reads to the end.
    private func exchange(_ server: HTTPServer, _ raw: String) throws -> String {
        String(decoding: try LoopbackClient(url: server.url).exchange(raw: Array(raw.utf8)), as: UTF8.self)
    }
}
