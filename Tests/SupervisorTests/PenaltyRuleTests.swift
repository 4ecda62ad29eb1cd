import Shared
import Testing

@testable import Supervisor

@Suite("The rule for penalties")
struct PenaltyRuleTests {
    private let rule = PenaltyRule()
    private let somebody = Requester.known("0x" + String(repeating: "a", count: 40))
    private static let seeds: [UInt64] = Array(1...200)

    /// The penalty after `count` offences of one point at the same moment.
    private func penalty(offences count: Int, at time: Int = 1_000_000) -> Penalty {
        var penalty: Penalty?
        for _ in 0..<count { penalty = rule.adding(1, to: penalty, at: time) }
        return penalty ?? Penalty(score: 0, updatedAt: time)
    }

    @Test("one offence has no effect, two slow, four refuse")
    func thresholds() {
        #expect(rule.verdict(on: somebody, nil, at: 0) == .welcome)
        #expect(rule.verdict(on: somebody, penalty(offences: 1), at: 1_000_000) == .welcome)
        #expect(rule.verdict(on: somebody, penalty(offences: 2), at: 1_000_000) == .slowed(notBefore: 1_000_010))
        #expect(rule.verdict(on: somebody, penalty(offences: 3), at: 1_000_000) == .slowed(notBefore: 1_000_015))
        guard case .refused = rule.verdict(on: somebody, penalty(offences: 4), at: 1_000_000) else {
            Issue.record("four offences are not refused")
            return
        }
    }

    @Test("a score halves in a half-life, whatever it was", arguments: seeds)
    func halves(seed: UInt64) {
        #expect(rule.halfLife == 30 * 60)
        var chance = Chance(seed)
        let penalty = Penalty(score: .random(in: 0.01...28, using: &chance), updatedAt: 5_000)
        let later = rule.score(of: penalty, at: 5_000 + Int(rule.halfLife))
        #expect(abs(later - penalty.score / 2) < 1e-9)
    }

    @Test("without new offences a score only falls, and a requester is only treated better", arguments: seeds)
    func fades(seed: UInt64) {
        var chance = Chance(seed)
        let penalty = Penalty(score: .random(in: 0...28, using: &chance), updatedAt: 0)
        var before = (score: Double.infinity, rank: 2)
        for time in stride(from: 0, through: 20_000, by: Int.random(in: 1...600, using: &chance)) {
            let now = (rule.score(of: penalty, at: time), rank(rule.verdict(on: somebody, penalty, at: time)))
            #expect(now.0 <= before.score && now.1 <= before.rank)
            before = now
        }
        #expect(before.rank == 0)
    }

    @Test("a refusal ends at the second that it names, and not one earlier", arguments: seeds)
    func namesItsEnd(seed: UInt64) {
        var chance = Chance(seed)
        let penalty = Penalty(score: .random(in: rule.refuseFrom...rule.ceiling, using: &chance), updatedAt: 1_000)
        guard case .refused(let until) = rule.verdict(on: somebody, penalty, at: 1_000) else {
            Issue.record("not refused")
            return
        }
        #expect(rule.verdict(on: somebody, penalty, at: until - 1) == .refused(until: until))
        guard case .slowed = rule.verdict(on: somebody, penalty, at: until) else {
            Issue.record("still refused")
            return
        }
    }

    @Test("no history of offences refuses anybody for more than three half-lives", arguments: seeds)
    func bounded(seed: UInt64) {
        var chance = Chance(seed)
        var penalty: Penalty?
        var time = 0
        for _ in 0..<500 {
            time += Int.random(in: 0...60, using: &chance)
            penalty = rule.adding(.random(in: 0.5...2, using: &chance), to: penalty, at: time)
            #expect((0...rule.ceiling).contains(penalty?.score ?? -1))
        }
        if case .refused = rule.verdict(on: somebody, penalty, at: time + 3 * Int(rule.halfLife) + 1) {
            Issue.record("refused for ever")
        }
    }

    @Test("a clock that was set back forgives nothing and adds nothing")
    func clockSetBack() {
        let penalty = penalty(offences: 3)
        #expect(rule.score(of: penalty, at: 0) == 3)
        #expect(rule.adding(1, to: penalty, at: 0).score == 4)
    }

    @Test("those without an address share one name, are slowed, and are never refused", arguments: 2...28)
    func unknown(offences: Int) {
        let names: [String?] = [
            nil, "0x" + String(repeating: "0", count: 40), "0X" + String(repeating: "0", count: 40),
        ]
        for name in names { #expect(Requester(name) == .unknown) }
        guard case .slowed(let notBefore) = rule.verdict(on: .unknown, penalty(offences: offences), at: 1_000_000)
        else {
            Issue.record("not slowed")
            return
        }
        #expect(notBefore <= 1_000_018, "nor kept waiting longer than a known one is before he is refused")
    }

    @Test("an address is one requester, however its letters are written")
    func spelling() {
        #expect(
            Requester("0xAbCdEf0000000000000000000000000000000001").name == "0xabcdef0000000000000000000000000000000001"
        )
    }

    @Test("what is forgotten would not have changed a verdict by itself")
    func forgetting() {
        let old = Penalty(score: rule.ceiling, updatedAt: rule.forgottenBefore(1_000_000))
        #expect(rule.score(of: old, at: 1_000_000) <= 0.1)
    }

    private func rank(_ verdict: PenaltyRule.Verdict) -> Int {
        switch verdict {
        case .welcome: 0
        case .slowed: 1
        case .refused: 2
        }
    }
}

@Suite("What is the requester's doing")
struct RequesterFaultTests {
    @Test("services that stumble cost the requester nothing")
    func services() {
        let innocent: [JobFailure] = [
            .modelUnreachable, .modelTimedOut, .modelClosedEarly, .modelRateLimited, .modelServerFailed, .modelRefused,
            .modelResponseTooLarge, .encryptionUnreachable, .encryptionTimedOut, .encryptionFailed, .blobNotFound,
            .blobMismatch, .blobUnreachable, .claimRefused, .coordinatorUnreachable, .handlesMissing, .decryptRefused,
            .decryptUnreachable, .uploadFailed, .leaderSilent, .resultRefused, .journalUnavailable, .interrupted,
            .workerNotStarted, .workerNotConfined, .secretMemoryExhausted, .sealedValueUnreadable,
        ]
        for failure in innocent {
            for isClaimed in [true, false] { #expect(failure.points(isClaimed: isClaimed) == 0, "\(failure)") }
        }
    }

    @Test("a worker that falls counts only once it has the requester's material")
    func workers() {
        for failure in [JobFailure.workerCrashed, .workerMisbehaved, .workerTimedOut, .outOfTime] {
            #expect(failure.points(isClaimed: true) > 0, "\(failure)")
            #expect(failure.points(isClaimed: false) == 0, "\(failure)")
        }
    }

    @Test("broken limits and malformed material count whenever they are seen")
    func limits() {
        let own: [JobFailure] = [
            .blobTooLarge, .promptTooLarge, .promptMalformed, .promptUnreadable, .promptNotText, .sealedValueMalformed,
            .handleZero,
        ]
        for failure in own {
            for isClaimed in [true, false] { #expect(failure.points(isClaimed: isClaimed) == 1, "\(failure)") }
        }
    }
}

/// Numbers that look random and are the same in every run (SplitMix64).
private struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
