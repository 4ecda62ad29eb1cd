/// The rule by which equal commitments decide a text job (icl.md 2.5). Words of verdicts do not count.
package enum Quorum {
    package enum Decision: Equatable, Sendable {
        case open
        case accepted(hash: String, winners: Int)
        case rejected(confirmations: Int, required: Int)
    }

    /// Equal commitments needed among `nodes` nodes, the leader included.
    package static func required(nodes: Int) -> Int { (2 * nodes + 2) / 3 }

    /// - Parameters:
    ///   - leader: the leader's commitment; without it nothing is decided.
    ///   - verifiers: those that arrived.
    ///   - count: how many verifiers there are.
    package static func decide(leader: String?, verifiers: [String], of count: Int) -> Decision {
        guard let leader else { return .open }
        let required = required(nodes: count + 1)
        var votes: [String: Int] = [leader: 1]
        for hash in verifiers { votes[hash, default: 0] += 1 }
        let most = votes.values.max() ?? 0
        // Ties go to the leader.
        let hash = votes[leader] == most ? leader : verifiers.first { votes[$0] == most } ?? leader
        if most >= required { return .accepted(hash: hash, winners: most) }
        guard verifiers.count >= count else { return .open }
        return .rejected(confirmations: votes[leader] ?? 0, required: required)
    }
}
