import Synchronization
import Testing

import Coordination
import HTTPTransport
import LoopbackServer

@Suite("A call that fails", .timeLimit(.minutes(1)))
struct RetryTests {
    private func ok(_ body: String = "{}") -> ScriptedClient.Answer {
        .success(HTTPResponse(status: 200, body: Array(body.utf8)))
    }
    private func status(_ code: Int, _ headers: [String: String] = [:]) -> ScriptedClient.Answer {
        .success(HTTPResponse(status: code, headers: headers))
    }

    @Test("is repeated with the same bytes, a fresh time and a fresh signature")
    func fresh() async throws {
        let count = Mutex(0)
        let server = try LoopbackServer { _ in
            switch count.withLock({ count in (count += 1, count).1 }) {
            case 1: .reset
            case 2: .json("Internal Server Error", status: 500)
            case 3: .json("{}", status: 503, headers: [("Retry-After", "7")])
            default: .json(#"{"status":"ok"}"#)
            }
        }
        let (world, signer) = (FakeWorld(), StubSigner())
        try await world.coordinator(CurlClient(), signer: signer, base: server.base).heartbeat()
        let requests = server.requests
        #expect(requests.count == 4)
        #expect(Set(requests.map(\.body)).count == 1)
        #expect(Set(requests.map { $0.header("X-Signature") }).count == 4)
        #expect(requests.map { $0.header("X-Timestamp") } == ["1780000000", "1780000000", "1780000000", "1780000007"])
        #expect(world.sleeps == [.milliseconds(150), .milliseconds(300), .seconds(7)])
        for (request, message) in zip(requests, signer.messages) {
            #expect(message == request.body + Array((request.header("X-Timestamp") ?? "").utf8))
        }
    }

    @Test(
        "is repeated for a lost connection, but not for what stays as it is",
        arguments: [
            (HTTPFailure.connectFailed, 4), (.nameNotResolved, 4), (.connectionLost, 4), (.timedOut, 4),
            (.tlsFailed, 4),
            (.certificateRefused, 1), (.insecureURL, 1), (.bodyTooLarge(limit: 1), 1), (.malformedResponse, 1),
        ])
    func transport(failure: HTTPFailure, attempts: Int) async throws {
        let client = ScriptedClient(.failure(failure))
        await #expect(throws: CoordinatorError.transport(failure)) {
            try await FakeWorld().coordinator(client).heartbeat()
        }
        #expect(client.requests.count == attempts)
    }

    @Test("is not repeated for other answers of the 400s", arguments: [400, 401, 403, 404, 409, 413, 422])
    func final(code: Int) async throws {
        let client = ScriptedClient(status(code))
        await #expect(throws: CoordinatorError.self) { try await FakeWorld().coordinator(client).claim(Samples.job()) }
        #expect(client.requests.count == 1)
    }

    @Test("waits up to a doubling limit, by chance anywhere below it")
    func jitter() async throws {
        let world = FakeWorld(random: [0, 0.999, 0.5, 0.25, 1, 1, 1])
        let policy = RetryPolicy(
            attempts: 8, firstDelay: .milliseconds(100), longestDelay: .milliseconds(1000), budget: .seconds(60))
        _ = try? await world.coordinator(ScriptedClient(status(503)), retries: policy).heartbeat()
        #expect(world.sleeps.count == 7)
        #expect(
            world.sleeps[0] == .zero && world.sleeps[1] < .milliseconds(200) && world.sleeps[2] == .milliseconds(200))
        #expect(world.sleeps[3] == .milliseconds(200))
        #expect(world.sleeps[4...] == [.milliseconds(1000), .milliseconds(1000), .milliseconds(1000)])
    }

    @Test("has a budget for all its attempts, each of 15 s at most")
    func budget() async throws {
        let world = FakeWorld()
        let client = SlowClient(world)
        let policy = RetryPolicy(
            attempts: 100, firstDelay: .seconds(2), longestDelay: .seconds(2), budget: .seconds(40))
        await #expect(throws: CoordinatorError.transport(.timedOut)) {
            try await world.coordinator(client, retries: policy).heartbeat()
        }
        #expect(client.limits == [.seconds(15), .seconds(15), .seconds(8)])
    }

    @Test(
        "respects a sane Retry-After and gives up on a long one",
        arguments: [
            ("5", 4, [Duration.seconds(5), .seconds(5), .seconds(5)]),
            ("0", 4, [.milliseconds(150), .milliseconds(300), .milliseconds(600)]),
            ("soon", 4, [.milliseconds(150), .milliseconds(300), .milliseconds(600)]),
            ("-5", 4, [.milliseconds(150), .milliseconds(300), .milliseconds(600)]),
            ("31", 1, []), ("86400", 1, []),
        ])
    func retryAfter(text: String, attempts: Int, sleeps: [Duration]) async throws {
        let world = FakeWorld()
        let client = ScriptedClient(status(429, ["retry-after": text]))
        let asked = Int(text).flatMap { $0 < 0 ? nil : $0 }
        await #expect(throws: CoordinatorError.rateLimited(retryAfter: asked)) {
            try await world.coordinator(client).heartbeat()
        }
        #expect(client.requests.count == attempts && world.sleeps == sleeps)
    }

    @Test("a journalled result is sent as it stands, on every attempt")
    func journalled() async throws {
        let body = Array("{ \"jobId\": \"\\u0061\" }\n".utf8)
        let client = ScriptedClient(
            status(500), .failure(.connectionLost), ok(#"{"status":"leader_result_recorded","finalized":false}"#))
        let receipt = try await FakeWorld().coordinator(client).submitResult(body: body)
        #expect(receipt.outcome == .recorded)
        #expect(client.requests.count == 3 && client.requests.allSatisfy { $0.body == body })
    }

    @Test("stops when its task is cancelled")
    func cancelled() async throws {
        let client = ScriptedClient(status(503))
        let coordinator = try FakeWorld().coordinator(client)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await coordinator.heartbeat()
        }
        await #expect(throws: CoordinatorError.cancelled) { try await task.value }
        #expect(client.requests.count == 1)
    }
}

/// Never answers: every attempt lasts as long as it may.
private final class SlowClient: HTTPClient {
    private let world: FakeWorld
    private let seen = Mutex<[Duration]>([])

    init(_ world: FakeWorld) { self.world = world }

    var limits: [Duration] { seen.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        seen.withLock { $0.append(request.timeout) }
        world.pass(request.timeout)
        throw .timedOut
    }
}
