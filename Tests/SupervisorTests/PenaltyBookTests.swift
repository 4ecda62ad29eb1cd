import Coordination
import DevnetCore
import Foundation
import LocalNode
import LoopbackServer
import Shared
import Synchronization
import Testing

@testable import Supervisor

@Suite("Penalties in the journal")
struct PenaltyBookTests {
    private let somebody = Requester.known("0x" + String(repeating: "a", count: 40))

    @Test("offences add up across restarts, and fade with the clock until the requester is welcome again")
    func fades() async throws {
        let folder = try TemporaryFolder()
        let clock = TestClock(1_000_000)
        for _ in 0..<4 {
            // A journal opened anew each time, as after a restart.
            let book = PenaltyBook(journal: try Journal(path: folder.path("journal.sqlite")), now: clock.now)
            await book.charge(somebody, for: .blobTooLarge, isClaimed: false)
        }
        let book = PenaltyBook(journal: try Journal(path: folder.path("journal.sqlite")), now: clock.now)
        guard case .refused(let until) = await book.verdict(on: somebody) else {
            Issue.record("not refused")
            return
        }
        clock.set(until)
        guard case .slowed = await book.verdict(on: somebody) else {
            Issue.record("not slowed after the refusal")
            return
        }
        clock.set(until + 3 * Int(PenaltyRule().halfLife))
        #expect(await book.verdict(on: somebody) == .welcome)
    }

    @Test("nobody else is touched, and what is no offence is not written down")
    func others() async throws {
        let folder = try TemporaryFolder()
        let book = PenaltyBook(journal: try Journal(path: folder.path("journal.sqlite")), now: TestClock(1).now)
        for _ in 0..<9 { await book.charge(somebody, for: .promptMalformed, isClaimed: true) }
        await book.charge(.known("0xother"), for: .modelTimedOut, isClaimed: true)
        #expect(await book.verdict(on: .known("0xother")) == .welcome)
        #expect(await book.verdict(on: .unknown) == .welcome)
        #expect(try await book.journal.penalties().map(\.requester) == [somebody])
    }

    @Test("penalties that have faded away are not kept")
    func forgotten() async throws {
        let folder = try TemporaryFolder()
        let clock = TestClock(1_000_000)
        let book = PenaltyBook(journal: try Journal(path: folder.path("journal.sqlite")), now: clock.now)
        await book.charge(somebody, for: .blobTooLarge, isClaimed: false)
        clock.set(1_000_000 + 9 * Int(PenaltyRule().halfLife))
        await book.charge(.unknown, for: .blobTooLarge, isClaimed: false)
        let kept = try await book.journal.penalties()
        #expect(kept.map(\.requester) == [.unknown])
        #expect(kept.first?.penalty == Penalty(score: 1, updatedAt: clock.now()))
    }

    @Test("a journal of a node that knew no penalties is taken over")
    func migration() async throws {
        let folder = try TemporaryFolder()
        let journal = try Journal(path: folder.path("journal.sqlite"))
        try await journal.database.write {
            try $0.execute(
                sql: "DROP TABLE penalty; DELETE FROM grdb_migrations WHERE identifier = '3: penalties'")
        }
        try await journal.setState("certificate", "kept")
        let again = try Journal(path: folder.path("journal.sqlite"))
        #expect(try await again.penalties().isEmpty)
        #expect(try await again.state("certificate") == "kept")
    }
}

/// A real board with a real worker and a devnet; only its clock is the test's.
@Suite("Penalties on the board")
struct PenaltyBoardTests {
    @Test("who breaks limits is slowed, then refused while others are served, and served again when it has faded")
    func slowedRefusedServed() async throws {
        let answer = #"{"choices":[{"message":{"role":"assistant","content":"Because."}}]}"#
        let model = try LoopbackServer { _ in .json(answer) }
        let clock = TestClock(1_000_000)
        let node = try await LocalNode(asking: model, JobTiming(), now: clock.now)
        let (offender, other) = (try node.user(), try node.user())

        for _ in 0..<2 { #expect(try await node.outcome(of: node.submit(offender, bytes: 70_000)) == .blobTooLarge) }
        let slowed = try node.submit(offender, bytes: 4)
        #expect(try await node.outcome(of: slowed) == .notStarted, "not before the pause is over")
        #expect(try await node.outcome(of: node.submit(other, bytes: 4)) == .served)
        clock.advance(10)
        #expect(try await node.outcome(of: slowed) == .served)

        for pause in [0, 20] {
            clock.advance(pause)
            #expect(try await node.outcome(of: node.submit(offender, bytes: 70_000)) == .blobTooLarge)
        }
        let refused = try node.submit(offender, bytes: 4)
        clock.advance(60)
        #expect(try await node.outcome(of: refused) == .notStarted, "a pause is not enough any more")
        #expect(try await node.outcome(of: node.submit(other, bytes: 4)) == .served, "others are served meanwhile")

        clock.advance(3 * Int(PenaltyRule().halfLife))
        #expect(try await node.outcome(of: refused) == .served)
    }

    @Test("whose prompts make workers fall is slowed, then refused; others are served")
    func fallingWorkers() async throws {
        let workers = Mutex<[Worker]>([])
        let model = try LoopbackServer { request in
            guard request.text.contains("bbbb") else {
                return .json(#"{"choices":[{"message":{"role":"assistant","content":"Because."}}]}"#)
            }
            for worker in workers.withLock({ $0 }) { worker.kill() }
            return .hang()
        }
        let clock = TestClock(1_000_000)
        var timing = JobTiming()
        timing.pauses = [.milliseconds(10)]
        let node = try await LocalNode(asking: model, timing, now: clock.now) { worker in
            workers.withLock { $0.append(worker) }
        }
        let (offender, other) = (try node.user(), try node.user())
        func bring(down user: UserSession) async throws -> LocalNode.Outcome {
            try await node.outcome(of: node.submit(user, bytes: 4, of: "b"))
        }
        #expect(try await bring(down: offender) == .otherwise(.workerCrashed))
        let slowed = try node.submit(offender, bytes: 4)
        #expect(try await node.outcome(of: slowed) == .notStarted)
        clock.advance(20)
        #expect(try await node.outcome(of: slowed) == .served)
        #expect(try await bring(down: offender) == .otherwise(.workerCrashed))
        let refused = try node.submit(offender, bytes: 4)
        clock.advance(60)
        #expect(try await node.outcome(of: refused) == .notStarted)
        #expect(try await node.outcome(of: node.submit(other, bytes: 4)) == .served)
    }
}

extension LocalNode {
    fileprivate enum Outcome: Equatable { case notStarted, served, blobTooLarge, otherwise(JobFailure?) }

    fileprivate func user() throws -> UserSession { try UserSession(client: LoopbackClient(url: url)) }

    /// A job for this node alone, with a prompt of so many letters; at most 64 KiB are served.
    fileprivate func submit(_ user: UserSession, bytes: Int, of letter: Character = "a") throws -> String {
        try user.submit(
            user.seal(Array(String(repeating: letter, count: bytes).utf8)), model: "toy",
            quorum: .init(verifiers: 0, leader: services.address.checksummed), deadline: 0
        ).jobID
    }

    /// Offers all that is open, waits until nothing runs, and says what became of one job.
    fileprivate func outcome(of job: String) async throws -> Outcome {
        await board.offer(try await services.coordinator.assignments().items)
        while await board.runningCount > 0 { try await Task.sleep(for: .milliseconds(10)) }
        guard let entry = try await services.journal.entry(try #require(JobID(job))) else { return .notStarted }
        switch entry.state {
        case .computed, .sent: return .served
        case .failed where entry.failure == .blobTooLarge: return .blobTooLarge
        default: return .otherwise(entry.failure)
        }
    }
}

/// Unix seconds that pass when a test says so.
final class TestClock: Sendable {
    private let time: Mutex<Int>

    init(_ time: Int) { self.time = Mutex(time) }

    var now: @Sendable () -> Int { { [self] in time.withLock { $0 } } }
    func set(_ seconds: Int) { time.withLock { $0 = seconds } }
    func advance(_ seconds: Int) { time.withLock { $0 += seconds } }
}
