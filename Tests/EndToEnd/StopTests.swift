import Foundation
import LoopbackServer
import Shared
import TestNetwork
import Testing

@Suite("Told to stop")
struct StopTests {
    @Test("an idle node says goodbye and ends within two seconds")
    func idle() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        for signal in [SIGTERM, SIGINT] {
            let running = try await node.start(log: "\(signal).log")
            try await running.event("heartbeat_sent")
            let before = try network.operatorState(node)["heartbeats"]?.int ?? 0
            let start = ContinuousClock.now
            running.signal(signal)
            #expect(try await running.end() == 0)
            #expect(ContinuousClock.now - start < .seconds(2))
            #expect(try network.operatorState(node)["heartbeats"]?.int == before + 1)
        }
        #expect(try await network.violations().count == 0)
    }

    @Test("a running job is finished first, and no new one is begun")
    func running() async throws {
        let barrier = Barrier()
        let model = try ModelServer(saying: "Because.", after: barrier)
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start(model.settings)
        let id = try Ask(network, model: "toy").submit(to: node)
        #expect(try await network.eventually { barrier.waiting == 1 })
        running.signal(SIGTERM)
        try await running.event("node_stopping")
        let late = try Ask(network).submit(to: node)
        barrier.open()
        #expect(try await running.end() == 0)
        #expect(try network.job(id)["status"]?.text == "ACCEPTED")
        #expect(try network.progress(of: node, in: late)["claims"]?.int == 0)
        #expect(running.text.contains("node_stopped"))
        #expect(try await network.violations().count == 0)
    }

    /// Takes as long as the drain, 80 s, and is therefore not in the crowd.
    @Test("a model that hangs holds up the end no longer than the drain, and the next start finishes the job")
    func hangingModel() async throws {
        let barrier = Barrier()
        let model = try ModelServer(saying: "Because.", after: barrier)
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let first = try await node.start(model.settings)
        let id = try Ask(network, model: "toy").submit(to: node)
        #expect(try await network.eventually { barrier.waiting == 1 })
        #expect(try await first.stop(within: 95) == 0)
        #expect(try await node.journalled(id)["state"] as? String == "claimed")
        barrier.open()
        let second = try await node.start(model.settings, log: "second.log")
        try await second.event("result_sent", job: id)
        #expect(try network.job(id)["status"]?.text == "ACCEPTED")
        #expect(try await second.stop() == 0)
        #expect(try await network.violations().count == 0)
    }
}
