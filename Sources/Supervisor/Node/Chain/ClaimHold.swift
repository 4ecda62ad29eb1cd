internal import Synchronization

/// Why a node takes no new jobs for now, though it could. What runs goes on.
package final class ClaimHold: Sendable {
    package enum Reason: String, Sendable, CaseIterable {
        /// Two claimed jobs in a row have failed; the third failure takes the stake.
        case strikes
        /// The wallet could not pay for what a job or the next heartbeat costs.
        case lowBalance = "low_balance"
        /// The chain asks more for gas than the operator allows: no output key could be stored.
        case feeAboveCeiling = "fee_above_ceiling"
        /// Nobody has looked yet, since the node's start.
        case unseen
    }

    private let reasons = Mutex<Set<Reason>>([])

    package init() {}

    package var isOn: Bool { reasons.withLock { !$0.isEmpty } }

    /// Whether that changed anything.
    package func set(_ reason: Reason, _ holds: Bool) -> Bool {
        reasons.withLock { holds ? $0.insert(reason).inserted : $0.remove(reason) != nil }
    }
}
