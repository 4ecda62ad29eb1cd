import Foundation
import LoopbackServer
import Shared
import TestNetwork
import Testing

@Suite("The model server misbehaves", .crowd)
struct ModelServerTests {
    private static let cases: [(String, Reply, code: String)] = [
        ("closes without a word", .close, "model_closed_early"),
        (
            "closes in the middle of the body",
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\"").then(.close), "model_closed_early"
        ),
        ("resets", .reset, "model_closed_early"),
        (
            "5 MB of headers", .answer(headers: [("X-Long", String(repeating: "a", count: 5_000_000))]),
            "model_response_too_large"
        ),
        ("no HTTP", .raw("SSH-2.0-OpenSSH_9.6\r\n\r\n").then(.close), "model_response_malformed"),
        ("429", .json("{}", status: 429), "model_rate_limited"),
        ("401", .json("{}", status: 401), "model_unauthorized"),
        ("400", .json("{}", status: 400), "model_refused"),
        ("500", .json("{}", status: 500), "model_server_failed"),
        ("never answers", .hang(), "model_timed_out"),
        ("no JSON", .answer(body: Array("<html>busy</html>".utf8)), "model_response_malformed"),
        ("JSON without an answer", .json(#"{"choices":[]}"#), "model_response_malformed"),
        ("the answer is null", .json(#"{"choices":[{"message":{"content":null}}]}"#), "model_response_malformed"),
        ("the answer is not whole", .json(#"{"choices":[{"message":{"content":"yes"}}"#), "model_response_malformed"),
        (
            "names 1 GB", .raw("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n").then(.close),
            "model_response_too_large"
        ),
        (
            "a chunk without end",
            .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n").then(.close),
            "model_response_malformed"
        ),
    ]

    @Test("each failure has its own code, nothing is sent, and the node serves the next job")
    func failures() async throws {
        // The prompt names the case, so that all can be asked at once: an idle node polls every 5 s only.
        let model = try ModelServer { request in
            let known = Self.cases.first { request.text.contains("case: \($0.0).") }
            return known?.1 ?? ModelServer.answer("Because.")
        }
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start(
            model.settings.merging(["BLF_OPENAI_TIMEOUT_SECONDS": "1", "BLF_MAX_CONCURRENT_JOBS": "4"]) { $1 })
        let jobs = try Self.cases.map { try Ask(network, model: "toy", prompt: "case: \($0.0).").submit(to: node) }
        for ((name, _, code), id) in zip(Self.cases, jobs) {
            // What may pass is tried three times first.
            #expect(try await running.failure(of: id, within: 60) == code, "\(name)")
            #expect(try await node.journalled(id)["code"] as? String == code, "\(name)")
            #expect(try network.job(id)["outputCid"] == .null, "\(name)")
        }
        #expect(try await network.serves(node, model: "toy"))
        #expect(!running.text.contains("SSH-2.0"), "a peer's text reached the log")
        #expect(try await network.violations().count == 0)
    }

    @Test("max_exposure_seconds ends a job whose plaintext lies open for longer, and the journal has the time")
    func exposedTooLong() async throws {
        let model = try ModelServer { _ in .hang() }
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start(model.settings.merging(["BLF_MAX_EXPOSURE_SECONDS": "1"]) { $1 })
        let id = try Ask(network, model: "toy").submit(to: node)
        #expect(try await running.failure(of: id) == "exposed_too_long")
        let shown = try await network.run(
            "blindference-node", ["jobs", "show", id, "--config-dir", node.folder.path, "--format", "json"])
        let open = try JSONValue(parsing: Array(shown.output.utf8))["exposureMicroseconds"]?.int
        #expect(open ?? 0 >= 1_000_000, "\(shown.output)")
    }

    @Test("a redirect is not followed")
    func redirect() async throws {
        let elsewhere = try ModelServer(saying: "no")
        let target = elsewhere.server.base + "/v1/chat/completions"
        let model = try ModelServer { _ in .answer(302, headers: [("Location", target)]) }
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start(model.settings)
        let id = try Ask(network, model: "toy").submit(to: node)
        #expect(try await running.failure(of: id) == "model_redirected")
        #expect(elsewhere.asked == 0)
    }

    @Test("nobody listens where the model should be")
    func unreachable() async throws {
        let model = try ModelServer(saying: "no")
        let settings = model.settings
        model.server.stop()
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start(settings)
        let id = try Ask(network, model: "toy").submit(to: node)
        #expect(try await running.failure(of: id) == "model_unreachable")
        #expect(try await network.serves(node))
    }

    @Test("a chunked answer reaches the user, and the request carries the prompt and the API key")
    func chunked() async throws {
        let body = Array(ModelServer.body("Because \"so\", é 😀").utf8)
        let model = try ModelServer { _ in .chunked([Array(body[..<7]), Array(body[7..<8]), Array(body[8...])]) }
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let key = node.folder.appending(path: "api-key")
        _ = FileManager.default.createFile(
            atPath: key.path, contents: Data("sk-secret-of-the-operator\n".utf8), attributes: [.posixPermissions: 0o600]
        )
        let running = try await node.start(model.settings.merging(["BLF_OPENAI_API_KEY_FILE": key.path]) { $1 })
        let (status, answer) = try await network.submit(model: "toy", prompt: "Why \"so\"?\n", verifiers: 0)
        #expect(status == 0)
        #expect(answer["answer"] as? String == "Because \"so\", é 😀")
        let request = try #require(model.server.requests.first)
        #expect(request.target == "/v1/chat/completions")
        #expect(request.header("Authorization") == "Bearer sk-secret-of-the-operator")
        let messages = try JSONValue(parsing: request.body)["messages"]?.elements
        #expect(messages?.last?["content"]?.text == "Why \"so\"?\n")
        #expect(!running.text.contains("sk-secret"))
        #expect(!running.text.contains("Because"))
    }

    @Test("a model nobody configured is left unclaimed, and the mock never answers for it")
    func notServed() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start()
        let names = ["groq:llama-3.3-70b-versatile", "gemini:gemini-2.5-flash", "Mock", "mock:other"]
        for id in try names.map({ try Ask(network, model: $0).submit(to: node) }) {
            #expect(try await running.event("job_skipped", job: id)["reason"]?.text == "model_not_served")
            #expect(try network.progress(of: node, in: id)["claims"]?.int == 0)
        }
        #expect(try await network.serves(node))
        #expect(try await network.violations().count == 0)
    }
}
