import Testing

import HTTPTransport
import LoopbackServer

@Suite("The HTTP client and a peer that misbehaves", .timeLimit(.minutes(1)))
struct CurlClientFaultTests {
    private let client: CurlClient

    init() throws { client = try CurlClient() }

    private func failure(_ server: LoopbackServer, _ change: (inout HTTPRequest) -> Void = { _ in }) async
        -> HTTPFailure?
    {
        var request = HTTPRequest(.get, server.base)
        request.maximumResponse = 1000
        change(&request)
        do throws(HTTPFailure) {
            _ = try await client.send(request)
            return nil
        } catch { return error }
    }

    @Test("a promised body beyond the limit is refused before one byte of it came")
    func promisedLength() async throws {
        let server = try LoopbackServer { _ in .raw("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n").then(.hang()) }
        #expect(await failure(server) == .bodyTooLarge(limit: 1000))
        let huge = try LoopbackServer { _ in
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\n").then(.hang())
        }
        #expect(await failure(huge) == .bodyTooLarge(limit: 1000))
    }

    @Test("a body without a promised length is cut off at the limit")
    func unpromisedLength() async throws {
        let chunk = [UInt8](repeating: 65, count: 400)
        let chunked = try LoopbackServer { _ in .chunked([chunk, chunk, chunk]) }
        #expect(await failure(chunked) == .bodyTooLarge(limit: 1000))
        let untilClose = try LoopbackServer { _ in
            .raw("HTTP/1.1 200 OK\r\n\r\n").then(.raw(chunk + chunk + chunk)).then(.hang())
        }
        #expect(await failure(untilClose) == .bodyTooLarge(limit: 1000))
    }

    @Test("a body of exactly the limit is taken, also when the limit is nothing")
    func exactly() async throws {
        let server = try LoopbackServer { _ in .answer(body: [UInt8](repeating: 1, count: 1000)) }
        #expect(await failure(server) == nil)
        let empty = try LoopbackServer { _ in .answer() }
        #expect(await failure(empty) { $0.maximumResponse = 0 } == nil)
        #expect(await failure(server) { $0.maximumResponse = 0 } == .bodyTooLarge(limit: 0))
    }

    @Test("headers beyond 64 KiB end the exchange, many small ones and one that never ends")
    func headers() async throws {
        let line = "X-Filler: " + String(repeating: "a", count: 1000) + "\r\n"
        let many = try LoopbackServer { _ in
            .raw("HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 70) + "\r\n").then(.hang())
        }
        #expect(await failure(many) == .headersTooLarge)
        let endless = try LoopbackServer { _ in
            .raw("HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 300_000)).then(.hang())
        }
        #expect(await failure(endless) == .headersTooLarge)
        let few = try LoopbackServer { _ in
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + String(repeating: line, count: 60) + "\r\n")
        }
        #expect(await failure(few) == nil)
    }

    @Test("silence and dripping both end at the total limit")
    func tooSlow() async throws {
        let silent = try LoopbackServer { _ in .hang() }
        let dripping = try LoopbackServer { _ in
            .drip("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 900), pause: .milliseconds(20))
        }
        for server in [silent, dripping] {
            let start = ContinuousClock.now
            #expect(await failure(server) { $0.timeout = .milliseconds(300) } == .timedOut)
            #expect(start.duration(to: .now) < .seconds(5))
        }
        #expect(await failure(silent) { $0.timeout = .zero } == .timedOut)
    }

    @Test(
        "hanging up early, in the head or in the body, is a lost connection",
        arguments: [
            Reply.close, .reset, .raw("HTTP/1.1 200 OK\r\nContent-Le").then(.close),
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").then(.close),
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").then(.reset),
            .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc").then(.close),
        ])
    func early(reply: Reply) async throws {
        let server = try LoopbackServer { _ in reply }
        #expect(await failure(server) == .connectionLost)
    }

    @Test(
        "what is no HTTP/1 answer is malformed",
        arguments: [
            "garbage\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 999999 OK\r\n\r\n",
            "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        ])
    func malformed(text: String) async throws {
        let server = try LoopbackServer { _ in .raw(text).then(.close) }
        #expect(await failure(server) == .malformedResponse)
    }

    @Test("a closed port is a failed connection, an unknown name is not resolved")
    func noServer() async throws {
        let server = try LoopbackServer { _ in .answer() }
        server.stop()
        #expect(await failure(server) == .connectFailed)
        await #expect(throws: HTTPFailure.nameNotResolved) {
            try await client.send(HTTPRequest(.get, "https://no-such-name.invalid/"))
        }
    }

    @Test("an unknown name stays unknown when it is asked for again")
    func noServerAgain() async throws {
        for _ in 0..<3 {
            await #expect(throws: HTTPFailure.nameNotResolved) {
                try await client.send(HTTPRequest(.get, "https://no-such-name.invalid/"))
            }
        }
    }

    @Test("a cancelled task closes its connection at once and leaves the others alone")
    func cancellation() async throws {
        let (events, signal) = AsyncStream.makeStream(of: String.self)
        let server = try LoopbackServer { request in
            guard request.target == "/hang" else { return .answer() }
            signal.yield("arrived")
            return .hang(ended: { signal.yield("hung up") })
        }
        var request = HTTPRequest(.get, server.base + "/hang")
        request.timeout = .seconds(50)
        let task = Task { [client, request] in try await client.send(request) }
        var next = events.makeAsyncIterator()
        #expect(await next.next() == "arrived")
        task.cancel()
        await #expect(throws: HTTPFailure.cancelled) { try await task.value }
        #expect(await next.next() == "hung up")
        #expect(try await client.send(HTTPRequest(.get, server.base + "/")).status == 200)
    }

    @Test("a task that was cancelled before sends nothing")
    func cancelledBefore() async throws {
        let server = try LoopbackServer { _ in .answer() }
        let request = HTTPRequest(.get, server.base)
        let task = Task { [client] in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.send(request)
        }
        await #expect(throws: HTTPFailure.cancelled) { try await task.value }
        #expect(server.connections == 0)
    }

    @Test("shutdown ends what runs and refuses what comes")
    func shutdown() async throws {
        let (events, signal) = AsyncStream.makeStream(of: Void.self)
        let server = try LoopbackServer { _ in
            signal.yield()
            return .hang()
        }
        let request = HTTPRequest(.get, server.base)
        let task = Task { [client] in try await client.send(request) }
        var next = events.makeAsyncIterator()
        await next.next()
        client.shutdown()
        await #expect(throws: HTTPFailure.cancelled) { try await task.value }
        await #expect(throws: HTTPFailure.cancelled) { try await client.send(request) }
        client.shutdown()
    }
}
