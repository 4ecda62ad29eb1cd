import Foundation
import LoopbackServer
import Shared
import TestNetwork
import Testing

@Suite("Seats", .crowd)
struct SeatTests {
    @Test("no more jobs run than there are seats, and those beyond stay unclaimed")
    func seats() async throws {
        let barrier = Barrier()
        let model = try ModelServer(saying: "Because.", after: barrier)
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let jobs = try (0..<6).map { _ in try Ask(network, model: "toy").submit(to: node) }
        let running = try await node.start(model.settings.merging(["BLF_MAX_CONCURRENT_JOBS": "2"]) { $1 })
        #expect(try await network.eventually { barrier.waiting == 2 })
        // Two more polls with both seats taken.
        let polls = try network.calls("GET /internal/assignments/*", by: node)
        #expect(
            try await network.eventually { try network.calls("GET /internal/assignments/*", by: node) >= polls + 2 })
        #expect(try jobs.count { try network.progress(of: node, in: $0)["claims"]?.int != 0 } == 2)
        barrier.open()
        for id in jobs { try await running.event("result_sent", job: id, within: 40) }
        #expect(barrier.most == 2)
        #expect(try await network.violations().count == 0)
    }

    @Test("a burst of 50 jobs is answered without an error")
    func burst() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let prepared = try await network.run(
            "blindference-devnet",
            [
                "prepare", "--url", network.url, "--jobs", "50", "--model", "mock", "--prompt-bytes", "400", "--node",
                node.address,
            ])
        #expect(prepared.status == 0, "\(prepared.output)")
        let running = try await node.start(["BLF_MAX_CONCURRENT_JOBS": "4"])
        let isDone = try await network.eventually(within: 90) {
            let jobs = try network.client.json("GET", "/dev/state")["jobs"]?.elements ?? []
            return jobs.count { $0["status"]?.text == "ACCEPTED" } == 50
        }
        #expect(isDone)
        #expect(running.count(of: "job_failed") == 0)
        let violations = try await network.violations()
        #expect(violations.count == 0, "\(violations.text)")
    }

    @Test("a leader that never delivers does not hold the seat of a verifier's only worker")
    func deadLeader() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let dead = try await network.makeNode("dead")
        let node = try await network.makeNode("verifier")
        let running = try await node.start(["BLF_MAX_CONCURRENT_JOBS": "1"])
        let waiting = try (0..<3).map { _ in try Ask(network).submit(to: dead, verifiers: [node]) }
        for id in waiting { try await running.event("leader_awaited", job: id, within: 40) }
        let start = ContinuousClock.now
        #expect(try await network.serves(node))
        #expect(ContinuousClock.now - start < .seconds(10))
        for id in waiting { #expect(try await node.journalled(id)["state"] as? String == "computed") }
        #expect(try await network.violations().count == 0)
    }
}

@Suite("Honest verdicts", .crowd)
struct VerdictTests {
    @Test("a verifier whose model says something else rejects with confidence 0")
    func reject() async throws {
        let yes = try ModelServer(saying: "Yes.")
        let no = try ModelServer(saying: "No.")
        let network = try await TestNetwork("--nodes", "2")
        let leader = try await network.makeNode("leader")
        let verifier = try await network.makeNode("verifier")
        let leading = try await leader.start(yes.settings)
        let verifying = try await verifier.start(no.settings)
        let id = try Ask(network, model: "toy").submit(to: leader, verifiers: [verifier])
        try await verifying.event("verdict_no_match", job: id)
        try await verifying.event("result_sent", job: id)
        #expect(try network.progress(of: verifier, in: id)["verdict"]?.text == "REJECT")
        #expect(try network.progress(of: verifier, in: id)["confidence"]?.int == 0)
        #expect(try network.job(id)["status"]?.text == "REJECTED")
        for node in [leading, verifying] { #expect(try await node.stop() == 0) }
        let violations = try await network.violations()
        #expect(violations.count == 0, "\(violations.text)")
    }

    @Test("answers that differ in white space only agree")
    func whiteSpace() async throws {
        let one = try ModelServer(saying: "Yes,  it\u{2003}is.\n")
        let other = try ModelServer(saying: " Yes, it is.")
        let network = try await TestNetwork("--nodes", "2")
        let leader = try await network.makeNode("leader")
        let verifier = try await network.makeNode("verifier")
        let both = [try await leader.start(one.settings), try await verifier.start(other.settings)]
        let id = try Ask(network, model: "toy").submit(to: leader, verifiers: [verifier])
        try await both[1].event("verdict_match", job: id)
        #expect(try await network.eventually { try network.job(id)["status"]?.text == "ACCEPTED" })
        #expect(try await network.violations().count == 0)
    }
}
