internal import Synchronization

/// Remembers which gateways failed, so that one that is down does not delay every job anew.
final class GatewayHealth: Sendable {
    private struct State {
        var failures = 0
        var penaltyEnd = Duration.zero
    }

    private let states: Mutex<[State]>
    private let penalty: Duration
    private let maximumPenalty: Duration

    /// A first failure puts a gateway back for `penalty`; each further one in a row doubles that up to the maximum.
    init(count: Int, penalty: Duration, maximumPenalty: Duration) {
        states = Mutex(Array(repeating: State(), count: count))
        self.penalty = penalty
        self.maximumPenalty = maximumPenalty
    }

    /// All gateways: the healthy ones in configured order, then the others, the one to be forgiven first in front.
    func order(now: Duration) -> [Int] {
        states.withLock { states in
            let healthy = states.indices.filter { states[$0].penaltyEnd <= now }
            let others = states.indices.filter { states[$0].penaltyEnd > now }
            return healthy + others.sorted { (states[$0].penaltyEnd, $0) < (states[$1].penaltyEnd, $1) }
        }
    }

    func failed(_ gateway: Int, now: Duration) {
        states.withLock { states in
            var length = penalty
            for _ in 0..<states[gateway].failures where length < maximumPenalty { length *= 2 }
            states[gateway].failures += 1
            states[gateway].penaltyEnd = now + min(length, maximumPenalty)
        }
    }

    func succeeded(_ gateway: Int) { states.withLock { $0[gateway] = State() } }
}
