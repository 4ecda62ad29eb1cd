import Foundation
import LoopbackServer
import Shared

/// A model's server that says nothing until it is told to, then one answer with a canary to every request.
final class SlowModel: Sendable {
    static let id = "slow-model"
    let answer: String
    private let server: LoopbackServer
    private let gate: DispatchSemaphore

    init() throws {
        let answer = "The answer is \(UUID().uuidString)"
        let gate = DispatchSemaphore(value: 0)
        let body = #"{"choices":[{"message":{"role":"assistant","content":"\#(answer)"}}]}"#
        server = try LoopbackServer { _ in
            // Bounded, so that a failed test does not hang.
            _ = gate.wait(timeout: .now() + 60)
            gate.signal()
            return .json(body)
        }
        self.answer = answer
        self.gate = gate
    }

    deinit { release() }

    var asked: Int { server.requests.count }
    var requests: [Request] { server.requests }
    var base: String { server.base }

    func release() { gate.signal() }

    /// What a node needs to serve this model and the mock.
    var settings: [String: String] {
        ["BLF_OPENAI_BASE_URL": server.base + "/v1", "BLF_OPENAI_MODEL_IDS": SlowModel.id]
    }
}
