import Foundation
import LoopbackServer
import Shared

/// A model's server that says nothing until it is told to, then one answer with a canary to every request. Or half of
/// it at once, and the rest never.
final class SlowModel: Sendable {
    static let id = "slow-model"
    let answer: String
    private let server: LoopbackServer
    private let gate: DispatchSemaphore

    init(saysHalf: Bool = false) throws {
        let answer = "The answer is \(UUID().uuidString)"
        let gate = DispatchSemaphore(value: 0)
        let body = #"{"choices":[{"message":{"role":"assistant","content":"\#(answer)"}}]}"#
        server = try LoopbackServer { _ in
            if saysHalf {
                let half = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body.dropLast(2))"
                return .raw(half).then(.hang())
            }
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
