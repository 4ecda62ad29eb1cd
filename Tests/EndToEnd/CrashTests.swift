import Foundation
import LoopbackServer
import Shared
import TestNetwork
import Testing

@Suite("A crash loses nothing", .crowd)
struct CrashTests {
    @Test("killed after the claim, the node finishes the job at its next start")
    func afterClaim() async throws {
        let barrier = Barrier()
        let model = try ModelServer(saying: "Because.", after: barrier)
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let first = try await node.start(model.settings)
        let id = try Ask(network, model: "toy").submit(to: node)
        #expect(try await network.eventually { barrier.waiting == 1 })
        try await first.crash()
        #expect(try await node.journalled(id)["state"] as? String == "claimed")
        barrier.open()
        let second = try await node.start(model.settings, log: "second.log")
        try await second.event("result_sent", job: id)
        #expect(try network.job(id)["status"]?.text == "ACCEPTED")
        #expect(try network.progress(of: node, in: id)["repeats"]?.int == 0)
        #expect(try await node.journalled(id)["state"] as? String == "sent")
        #expect(try await network.violations().count == 0)
    }

    @Test("killed while the result is on its way, the node sends the same bytes again", arguments: [false, true])
    func afterComputed(isRecorded: Bool) async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let first = try await node.start()
        try network.fault("/internal/task/result", "hang", count: 1, after: isRecorded)
        let id = try Ask(network).submit(to: node)
        // Journalled before it is sent: once the answer is uploaded and in the journal, only the sending is left.
        #expect(try await network.eventually { try network.client.json("GET", "/dev/state")["faults"]?.int == 0 })
        try await first.crash()
        let line = try await node.journalled(id)
        #expect(line["state"] as? String == "computed")
        let second = try await node.start(log: "second.log")
        try await second.event("result_sent", job: id)
        #expect(try network.job(id)["status"]?.text == "ACCEPTED")
        #expect(try network.job(id)["commitment"]?.text == line["commitment"] as? String)
        #expect(try network.progress(of: node, in: id)["repeats"]?.int == (isRecorded ? 1 : 0))
        #expect(second.count(of: "inference_started") == 0)
        let violations = try await network.violations()
        #expect(violations.count == 0, "\(violations.text)")
    }

    @Test("a verifier that was killed while it waited gives its verdict without asking the model again")
    func verifier() async throws {
        let model = try ModelServer(saying: "Because.")
        let network = try await TestNetwork("--nodes", "2")
        let leader = try await network.makeNode("leader")
        let verifier = try await network.makeNode("verifier")
        let first = try await verifier.start(model.settings)
        let id = try Ask(network, model: "toy").submit(to: leader, verifiers: [verifier])
        try await first.event("leader_awaited", job: id)
        #expect(model.asked == 1)
        try await first.crash()
        let second = try await verifier.start(model.settings, log: "second.log")
        try await second.event("leader_awaited", job: id)
        let leading = try await leader.start(model.settings)
        try await second.event("result_sent", job: id)
        #expect(try await network.eventually { try network.job(id)["status"]?.text == "ACCEPTED" })
        #expect(try network.progress(of: verifier, in: id)["verdict"]?.text == "CONFIRM")
        #expect(model.asked == 2, "the leader's question and the verifier's")
        #expect(try await leading.stop() == 0)
        #expect(try await network.violations().count == 0)
    }
}
