import Synchronization

import Coordination
import HTTPTransport

/// Time that passes only by sleeping, and chance that is written down.
final class FakeWorld: Sendable {
    private struct State {
        var now: Duration = .zero
        var sleeps: [Duration] = []
        var random: [Double]
    }

    static let start = 1_780_000_000
    private let state: Mutex<State>

    init(random: [Double] = []) { state = Mutex(State(random: random)) }

    var sleeps: [Duration] { state.withLock { $0.sleeps } }

    func pass(_ time: Duration) { state.withLock { $0.now += time } }

    var surroundings: Surroundings {
        Surroundings(
            unixTime: { FakeWorld.start + Int(self.state.withLock { $0.now }.components.seconds) },
            elapsed: { self.state.withLock { $0.now } },
            sleep: { time in
                self.state.withLock { state in
                    state.sleeps.append(time)
                    state.now += time
                }
                try Task.checkCancellation()
            },
            random: { self.state.withLock { $0.random.isEmpty ? 0.5 : $0.random.removeFirst() } })
    }

    func coordinator(
        _ client: any HTTPClient, signer: any RequestSigner = StubSigner(), base: String = "https://icl.example",
        retries: RetryPolicy = .standard
    ) throws -> CoordinatorClient {
        try CoordinatorClient(
            baseURL: ServiceURL(base), client: client, signer: signer, retries: retries, surroundings: surroundings)
    }
}
