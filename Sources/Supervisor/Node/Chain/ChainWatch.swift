package import Ethereum
package import Logging

/// Keeps the node active on chain, and an eye on its stake and its money. All times are the chain's own.
package actor ChainWatch {
    private let access: ChainAccess
    private let queue: TransactionQueue
    private let journal: Journal
    private let hold: ClaimHold
    private let log: Logger
    /// Of this node's last heartbeat, by the chain's clock: an endpoint that hides it must not have it paid for again.
    private var lastBeat: UInt64 = 0
    /// By the chain's clock: when a heartbeat was paid for last that did nothing.
    private var vainBeat: UInt64?
    /// What was said of the registration last, so that it is said once.
    private var said: NodeEvent?

    /// Between two looks.
    static let interval = Duration.seconds(60)
    /// Seconds: as often as the published node beats, or twice within the registry's grace.
    private static let longestPause: UInt64 = 864_000
    private static let strikesAccepted = "strikes_accepted"
    /// Gas that must be payable at twice the base fee: some heartbeats, and the storing of some keys.
    private static let leastGas: UInt64 = 1_000_000

    package init(_ access: ChainAccess, queue: TransactionQueue, journal: Journal, hold: ClaimHold, log: Logger) {
        self.access = access
        self.queue = queue
        self.journal = journal
        self.hold = hold
        self.log = log
        _ = hold.set(.unseen, true)
    }

    /// Looks once at money, stake, registration, and what was sent and may still be dropped; one that fails does not keep
    /// the others from being looked at.
    package func look() async {
        await saying("balance") { try await self.mindBalance() }
        await saying("stake") { try await self.mindStrikes() }
        // Seen or not: an endpoint that is away holds up no claims for longer.
        _ = hold.set(.unseen, false)
        await saying("registration") { try await self.mindRegistration() }
        await saying("transactions") { try await self.queue.settle() }
    }

    /// The operator has seen to the failures: jobs are taken again, until one more of them fails.
    package static func acceptStrikes(in journal: Journal) async throws {
        try await journal.setState(strikesAccepted, String(StakingContract.failuresThatTakeAll - 1))
    }

    private func saying(_ subject: String, _ body: () async throws -> Void) async {
        do { try await body() } catch {
            log.event(.chainLookFailed, ["subject": .string(subject), "reason": .string(ChainFailure.code(of: error))])
        }
    }

    private func mindBalance() async throws {
        let baseFee = try await access.rpc.block().baseFee
        hold(.feeAboveCeiling, baseFee > access.fees.ceiling)
        let least = baseFee * 2 * ChainWatch.leastGas
        hold(.lowBalance, try await access.rpc.balance(of: queue.sender) < least)
    }

    private func mindStrikes() async throws {
        let failures = try await access.staking.info(of: queue.sender).consecutiveFailures
        let accepted = try await journal.state(ChainWatch.strikesAccepted).flatMap { Int($0) } ?? 0
        if failures == 0, accepted > 0 { try await journal.setState(ChainWatch.strikesAccepted, "0") }
        hold(.strikes, failures >= StakingContract.failuresThatTakeAll - 1 && failures > accepted)
    }

    private func hold(_ reason: ClaimHold.Reason, _ holds: Bool) {
        guard hold.set(reason, holds) else { return }
        log.event(holds ? .claimsHeld : .claimsReleased, ["reason": .string(reason.rawValue)])
    }

    private func mindRegistration() async throws {
        guard let registry = access.registry else { return }
        let standing = try await registry.standing(of: queue.sender)
        guard standing.isRegistered else { return say(.chainUnregistered) }
        let now = try await access.rpc.block().timestamp
        // A heartbeat cannot cure that.
        guard standing.attestationExpires ?? now >= now else { return say(.registrationExpired) }
        // No heartbeat lasts: beating more often would only cost more.
        if standing.grace == 0 { say(.heartbeatGraceMissing) } else { said = nil }
        // One that lies beyond now was made while an endpoint lied about the time.
        let last = max(standing.lastHeartbeat, lastBeat <= now ? lastBeat : 0)
        let lasting = standing.grace.flatMap { $0 == 0 ? nil : $0 / 2 } ?? ChainWatch.longestPause
        let pause = min(lasting, ChainWatch.longestPause)
        guard let heartbeat = registry.heartbeat(from: queue.sender),
            // Both come from an endpoint, whatever it says.
            now >= last, now - last >= pause
        else { return }
        // What is wrong there is not paid for at every look, but often enough to be cured in time.
        if let vainBeat, vainBeat <= now, now - vainBeat < pause / 8 { return }
        let receipt: Receipt
        do throws(TransactionError) { receipt = try await queue.perform(heartbeat) } catch {
            switch error {
            case .reverted, .withoutEvent: vainBeat = now
            default: break
            }
            throw error
        }
        lastBeat = now
        log.event(
            .chainHeartbeatSent,
            ["block": .stringConvertible(receipt.blockNumber), "gas": .stringConvertible(receipt.gasUsed)])
    }

    private func say(_ event: NodeEvent) {
        guard said != event else { return }
        said = event
        log.event(event)
    }
}
