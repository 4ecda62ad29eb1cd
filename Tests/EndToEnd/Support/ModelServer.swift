import Glibc
import LoopbackServer
import Shared
import Synchronization
import TestNetwork

/// An OpenAI-compatible server that says what a test wants, and the settings that make a node ask it.
final class ModelServer: Sendable {
    let server: LoopbackServer
    private let barrier: Barrier?

    init(after barrier: Barrier? = nil, _ handler: @escaping LoopbackServer.Handler) throws {
        self.barrier = barrier
        server = try LoopbackServer(handler)
    }

    /// The server waits for its threads: a test that fails before it opens the barrier must not hang on them.
    deinit { barrier?.open() }

    /// Answers everything with one text, once the barrier is open.
    convenience init(saying text: String, after barrier: Barrier) throws {
        try self.init(after: barrier) { _ in
            barrier.wait()
            return ModelServer.answer(text)
        }
    }

    /// Answers everything with one text.
    convenience init(saying text: String) throws { try self.init { _ in ModelServer.answer(text) } }

    static func body(_ text: String) -> String {
        let message: JSONValue = ["role": "assistant", "content": .string(text)]
        let answer: JSONValue = ["id": "x", "choices": [["index": 0, "message": message, "finish_reason": "stop"]]]
        return String(decoding: answer.encoded(), as: UTF8.self)
    }

    static func answer(_ text: String) -> Reply { .json(body(text)) }

    /// How many questions came so far.
    var asked: Int { server.requests.count }

    /// The node serves model `toy` from here, and `mock` besides.
    var settings: [String: String] {
        ["BLF_OPENAI_BASE_URL": server.base + "/v1", "BLF_OPENAI_MODEL_IDS": "toy"]
    }
}

/// Answers that wait until a test lets them go.
final class Barrier: Sendable {
    private let state = Mutex((isOpen: false, waiting: 0, most: 0))

    /// Blocks the calling thread until `open`.
    func wait() {
        state.withLock {
            $0.waiting += 1
            $0.most = max($0.most, $0.waiting)
        }
        while !state.withLock({ $0.isOpen }) { Pause.briefly() }
        state.withLock { $0.waiting -= 1 }
    }

    func open() { state.withLock { $0.isOpen = true } }
    /// How many waited at once, at most.
    var most: Int { state.withLock { $0.most } }
    var waiting: Int { state.withLock { $0.waiting } }
}

private enum Pause {
    static func briefly() { usleep(2000) }
}
