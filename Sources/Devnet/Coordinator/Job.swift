internal import Ethereum
internal import Shared

/// One job and all that its nodes did about it.
package struct Job: Sendable {
    package enum Role: String, Sendable { case leader, verifier }

    /// How far one node got. A delivered verdict does not complete a verifier: the real coordinator forgets to.
    package struct Progress: Sendable {
        package enum State: String, Sendable { case pending, claimed, completed, failed }
        package internal(set) var state = State.pending
        var offeredAt: Double?
        var claimedAt: Double?
        var deliveredAt: Double?
        var claims = 0
        package internal(set) var repeats = 0
    }

    struct Result: Sendable {
        let cid: String
        let commitment: String
        let keyHigh: String?
        let keyLow: String?
        let confidence: Int?
        /// The message with sorted members, to tell a repetition from a contradiction.
        let message: JSONValue
        let storeTransaction: String?
        let storeJob: String?
    }

    struct Verdict: Sendable {
        let commitment: String
        let confirms: Bool
        let confidence: Int
    }

    package let id: String
    package let requestID: String
    let model: String
    let promptCID: String?
    let user: Address
    let keyHigh: Word?
    let keyLow: Word?
    package let leader: String
    package let verifiers: [String]
    let createdAt: Double

    package internal(set) var progress: [String: Progress]
    var result: Result?
    /// In the order of arrival.
    var verdicts: [(verifier: String, verdict: Verdict)] = []
    package internal(set) var decision = Quorum.Decision.open
    var decidedAt: Double?

    init(
        id: String, model: String, promptCID: String?, user: Address, keys: (high: Word, low: Word)?, leader: String,
        verifiers: [String], now: Double
    ) {
        self.id = id
        requestID = Hexadecimal.encode(ToyCrypto.random(16))
        self.model = model
        self.promptCID = promptCID
        self.user = user
        keyHigh = keys?.high
        keyLow = keys?.low
        self.leader = leader
        self.verifiers = verifiers
        createdAt = now
        progress = Dictionary(([leader] + verifiers).map { ($0, Progress()) }) { first, _ in first }
    }

    var nodes: [String] { [leader] + verifiers }

    package var status: String {
        switch decision {
        case .open: "QUEUED"
        case .accepted: "ACCEPTED"
        case .rejected: "REJECTED"
        }
    }

    /// The leader's hash until acceptance, the winning one afterwards.
    var shownCommitment: String? {
        if case .accepted(let hash, _) = decision { return hash }
        return result?.commitment
    }

    func verdict(of verifier: String) -> Verdict? { verdicts.first { $0.verifier == verifier }?.verdict }

    mutating func decide(now: Double) {
        guard decision == .open else { return }
        decision = Quorum.decide(
            leader: result?.commitment, verifiers: verdicts.map(\.verdict.commitment), of: verifiers.count)
        if decision != .open { decidedAt = now }
    }

    /// Truncated mean of the leader's confidence and of those verifiers' whose hash is the leader's.
    var aggregatedConfidence: Int {
        guard let result else { return 0 }
        let agreeing = verdicts.filter { $0.verdict.commitment == result.commitment }.map(\.verdict.confidence)
        let all = agreeing + (result.confidence.map { [$0] } ?? [])
        return all.isEmpty ? 0 : all.reduce(0, +) / all.count
    }
}
