internal import Shared

/// The penalties of all requesters, kept in the journal, so that a restart forgives nobody.
struct PenaltyBook: Sendable {
    let journal: Journal
    var rule = PenaltyRule()
    /// Unix seconds: offences fade while the node is down as well.
    let now: @Sendable () -> Int

    func verdict(on requester: Requester) async -> PenaltyRule.Verdict {
        let penalty = try? await journal.penalty(of: requester)
        return rule.verdict(on: requester, penalty, at: now())
    }

    /// Charges the requester where `failure` is their doing.
    func charge(_ requester: Requester, for failure: JobFailure, isClaimed: Bool) async {
        let points = failure.points(isClaimed: isClaimed)
        guard points > 0 else { return }
        let (rule, now) = (rule, now())
        // A journal that takes nothing stops the node's jobs anyway.
        try? await journal.updatePenalty(of: requester, forgettingBefore: rule.forgottenBefore(now)) {
            rule.adding(points, to: $0, at: now)
        }
    }
}
