/// Decides which gateway is asked when, and who has won. Event in, one action out, no I/O.
package struct GatewayRace: ~Copyable {
    package enum Event: Sendable {
        case delivered(Int, [UInt8])
        case failed(Int, GatewayFailure)
        /// The wait that began with the start of this gateway is over.
        case hedge(after: Int)
        case deadline
    }

    package enum Action: Equatable, Sendable {
        /// Ask this gateway; send `hedge(after:)` in a while.
        case start(Int)
        case wait
        case finish([UInt8])
        case fail(ContentError)
    }

    private let limit: Int
    private var waiting: ArraySlice<Int>
    private var latest: Int?
    package private(set) var running: Set<Int> = []
    /// Running beyond the time for the next one to start.
    package private(set) var overdue: Set<Int> = []
    private var tally = GatewayTally()

    /// `limit` is the longest file accepted, for the error that names it.
    package init(order: [Int], limit: Int) {
        waiting = order[...]
        self.limit = limit
    }

    package mutating func begin() -> Action { startNext() }

    package mutating func handle(_ event: consuming Event) -> Action {
        switch event {
        case .delivered(let gateway, let file):
            running.remove(gateway)
            overdue.remove(gateway)
            return .finish(file)
        case .failed(let gateway, let failure):
            guard running.remove(gateway) != nil else { return .wait }
            overdue.remove(gateway)
            tally.add(failure)
            // An earlier gateway that fails now has had its successor already.
            return gateway == latest || running.isEmpty ? startNext() : .wait
        case .hedge(let gateway):
            guard running.contains(gateway) else { return .wait }
            overdue.insert(gateway)
            return gateway == latest ? startNext() : .wait
        case .deadline:
            for _ in running { tally.add(.timedOut) }
            return .fail(end())
        }
    }

    private mutating func startNext() -> Action {
        guard let next = waiting.popFirst() else { return running.isEmpty ? .fail(end()) : .wait }
        latest = next
        running.insert(next)
        return .start(next)
    }

    private func end() -> ContentError { tally.count == 0 ? .noGateways : tally.error(limit: limit) }
}
