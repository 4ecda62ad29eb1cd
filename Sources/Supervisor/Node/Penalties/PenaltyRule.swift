internal import Foundation

/// What is kept of a requester's offences: no job, no content.
package struct Penalty: Sendable, Equatable {
    /// As it was at `updatedAt`; see `PenaltyRule.score`.
    package let score: Double
    /// Unix seconds of the last offence.
    package let updatedAt: Int

    package init(score: Double, updatedAt: Int) {
        self.score = score
        self.updatedAt = updatedAt
    }
}

/// When a requester whose jobs crash workers or break limits is slowed, refused, and served again.
///
/// Offences add up and fade by half every half-life. One alone has no effect. From `slowFrom` on the requester's jobs run
/// one at a time, with a pause after each offence; from `refuseFrom` on none is started. A score has a ceiling, so that
/// nobody is refused for more than three half-lives after the last offence, whatever came before.
package struct PenaltyRule: Sendable, Equatable {
    package enum Verdict: Sendable, Equatable {
        case welcome
        /// One job at a time, and none before this Unix time.
        case slowed(notBefore: Int)
        /// No job before this Unix time.
        case refused(until: Int)
    }

    /// Seconds after which an offence counts half.
    package var halfLife = 1800.0
    package var slowFrom = 1.5
    package var refuseFrom = 3.5
    /// Seconds between an offence and the next job, for each point.
    package var pausePerPoint = 5.0
    package var ceiling = 28.0

    package init() {}

    /// The faded score. A clock that was set back forgives nothing and adds nothing.
    package func score(of penalty: Penalty, at now: Int) -> Double {
        penalty.score * exp2(-Double(max(0, now - penalty.updatedAt)) / halfLife)
    }

    /// The penalty after one more offence.
    package func adding(_ points: Double, to penalty: Penalty?, at now: Int) -> Penalty {
        let before = penalty.map { score(of: $0, at: now) } ?? 0
        return Penalty(score: min(before + points, ceiling), updatedAt: now)
    }

    package func verdict(on requester: Requester, _ penalty: Penalty?, at now: Int) -> Verdict {
        guard let penalty else { return .welcome }
        let score = score(of: penalty, at: now)
        if score < slowFrom { return .welcome }
        if score >= refuseFrom, requester != .unknown {
            let seconds = halfLife * log2(penalty.score / refuseFrom)
            // The first whole second at which the score is below the threshold.
            return .refused(until: penalty.updatedAt + Int(seconds.rounded(.down)) + 1)
        }
        return .slowed(
            notBefore: penalty.updatedAt + Int((pausePerPoint * min(penalty.score, refuseFrom)).rounded(.up)))
    }

    /// A penalty from before this Unix time has faded to less than a tenth of a point, and need not be kept.
    package func forgottenBefore(_ now: Int) -> Int { now - Int((halfLife * log2(ceiling / 0.1)).rounded(.up)) }
}
