import Foundation
import LocalNode
import LoopbackServer
import Shared
import Supervisor
import Synchronization
import Testing

import CoFHE

/// Real workers and a real devnet in this process; only the clocks run faster.
@Suite("The clock of a job")
struct JobClockTests {
    @Test("a claimed job ends at its limit, whatever the model does, and the journal says why")
    func modelHangs() async throws {
        let model = try LoopbackServer { _ in .hang() }
        var timing = JobTiming()
        timing.limit = .seconds(2)
        let network = try await LocalNode(asking: model, timing)
        let start = ContinuousClock.now
        let entry = try await network.serveOneJob()
        #expect(entry.state == .failed)
        #expect(entry.failure == .outOfTime)
        #expect(entry.claimedAt != nil)
        #expect(ContinuousClock.now - start < .seconds(20), "a job may take 300 s")
        #expect(model.requests.count == 1)
    }

    @Test("plaintext that lies open for longer than the ceiling ends the job, and the journal has both")
    func exposure() async throws {
        let model = try LoopbackServer { _ in .hang() }
        var timing = JobTiming()
        timing.exposure = .seconds(1)
        timing.limit = .seconds(20)
        let network = try await LocalNode(asking: model, timing)
        let entry = try await network.serveOneJob()
        #expect(entry.failure == .exposedTooLong)
        let microseconds = try #require(entry.exposure)
        #expect((1_000_000...2_500_000).contains(microseconds))
        #expect(entry.receipt != nil)
    }

    /// Comes after four tenths of a second.
    private static func late(_ text: String, status: Int) -> Reply {
        let rest = "TTP/1.1 \(status) Scripted\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
        return .drip("H", pause: .milliseconds(400)).then(.raw(rest))
    }

    @Test("the journal has the time for which plaintext lay open, of all attempts of a job together")
    func exposureAddsUp() async throws {
        let answer = #"{"choices":[{"message":{"role":"assistant","content":"Because."}}]}"#
        let asked = Mutex(0)
        let model = try LoopbackServer { _ in
            let number = asked.withLock { asked in
                asked += 1
                return asked
            }
            return number == 2 ? Self.late(answer, status: 200) : Self.late("{}", status: 503)
        }
        var timing = JobTiming()
        timing.pauses = [.milliseconds(1500)]
        let start = ContinuousClock.now
        let network = try await LocalNode(asking: model, timing)
        let entry = try await network.serveOneJob()
        #expect([.computed, .sent].contains(entry.state) && asked.withLock { $0 } == 2)
        let microseconds = try #require(entry.exposure)
        // Nothing is open between two attempts.
        let most = (ContinuousClock.now - start - .milliseconds(1100)) / .microseconds(1)
        #expect(microseconds >= 800_000 && Double(microseconds) < most)
    }

    @Test("the ceiling holds for all attempts of a job together")
    func ceilingOfAllAttempts() async throws {
        let model = try LoopbackServer { _ in Self.late("{}", status: 503) }
        var timing = JobTiming()
        timing.exposure = .milliseconds(1000)
        timing.pauses = Array(repeating: .milliseconds(10), count: 9)
        let network = try await LocalNode(asking: model, timing)
        #expect(try await network.serveOneJob().failure == .exposedTooLong)
    }

    @Test("what lay open in an earlier try of a job that is offered anew counts on")
    func exposureOfEarlierTries() async throws {
        let answer = #"{"choices":[{"message":{"role":"assistant","content":"Because."}}]}"#
        let model = try LoopbackServer { _ in .json(answer) }
        var timing = JobTiming()
        timing.exposure = .seconds(60)
        let network = try await LocalNode(asking: model, timing)
        let served = try await network.serveOneJob(after: .modelServerFailed, exposed: 30_000_000)
        #expect([.computed, .sent].contains(served.state))
        #expect(try #require(served.exposure) > 30_000_000)
        let over = try await network.serveOneJob(after: .modelServerFailed, exposed: 60_000_000)
        #expect(over.failure == .exposedTooLong && over.claimedAt == nil)
        #expect(model.requests.count == 1)
    }

    @Test("a failure that may pass is tried again, but not past the job's limit")
    func modelIsBusy() async throws {
        let model = try LoopbackServer { _ in .json("{}", status: 503) }
        var timing = JobTiming()
        timing.limit = .seconds(3)
        timing.pauses = [.milliseconds(10), .seconds(60)]
        let network = try await LocalNode(asking: model, timing)
        let entry = try await network.serveOneJob()
        #expect(entry.failure == .modelServerFailed)
        #expect(model.requests.count == 2)
    }

    @Test(
        "a job that failed for good is not begun again when it is offered anew",
        arguments: [
            JobFailure.promptTooLarge, .outputKeyNotReadBack,
        ])
    func failedForGood(failure: JobFailure) async throws {
        let model = try LoopbackServer { _ in .json("{}") }
        let network = try await LocalNode(asking: model, JobTiming())
        let entry = try await network.serveOneJob(after: failure)
        #expect(entry.failure == failure && entry.claimedAt == nil && model.requests.isEmpty)
    }

    @Test("permits are signed for a job while it runs, and not afterwards")
    func permits() async throws {
        let gate = Mutex<PermitGate?>(nil)
        let assigned = Mutex<Set<String>>([])
        let model = try LoopbackServer { _ in
            let jobs = gate.withLock { $0 }?.assignedJobs ?? []
            assigned.withLock { $0 = jobs }
            return .json(#"{"choices":[{"message":{"role":"assistant","content":"Because."}}]}"#)
        }
        let network = try await LocalNode(asking: model, JobTiming())
        gate.withLock { $0 = network.services.permits }
        let entry = try await network.serveOneJob()
        #expect(assigned.withLock { $0 } == [entry.id.text])
        #expect(network.services.permits.assignedJobs.isEmpty)
    }

    @Test("an upload that takes longer than the job may is given up at the limit")
    func uploadHangs() async throws {
        let answer = #"{"choices":[{"message":{"role":"assistant","content":"Because."}}]}"#
        let model = try LoopbackServer { _ in .json(answer) }
        var timing = JobTiming()
        timing.limit = .seconds(2)
        let network = try await LocalNode(asking: model, timing)
        try network.fault("/api/v0/add", "hang", contains: "blindference-output.bin")
        let start = ContinuousClock.now
        let entry = try await network.serveOneJob()
        #expect(entry.failure == .outOfTime)
        #expect(entry.submission == nil)
        #expect(ContinuousClock.now - start < .seconds(20), "a job may take 300 s")
    }
}
