import Foundation
import LoopbackServer
import Shared
import TestNetwork
import Testing

@Suite("A worker dies", .crowd)
struct WorkerDeathTests {
    /// Where in a job its worker is when it is killed.
    enum Step: String, CaseIterable {
        case idle, waitingForMaterial, askingTheModel, encryptingTheKey, waitingForTheUpload
    }

    @Test("killed once, at whatever step, it costs its job nothing but time", arguments: Step.allCases)
    func killedOnce(at step: Step) async throws {
        let barrier = Barrier()
        let model = try ModelServer(saying: "Because.", after: barrier)
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start(model.settings)
        if step != .askingTheModel { barrier.open() }
        let ownKey = "\"uint128\",\"\(node.address)\""
        switch step {
        case .idle: try running.killWorkers()
        case .waitingForMaterial:
            try network.fault("/cofhe", "delay", count: 2, milliseconds: 1500, contains: "cofhe_decryptForView")
        case .askingTheModel: break
        case .encryptingTheKey: try network.fault("/cofhe", "delay", milliseconds: 1500, contains: ownKey)
        case .waitingForTheUpload:
            try network.fault("/api/v0/add", "delay", milliseconds: 2500, contains: "blindference-output.bin")
        }
        let id = try Ask(network, model: "toy").submit(to: node)
        if step != .idle {
            let isThere = try await network.eventually {
                guard step != .askingTheModel else { return barrier.waiting == 1 }
                return try network.client.json("GET", "/dev/state")["faults"]?.int == 0
            }
            #expect(isThere)
            if step == .waitingForTheUpload { try await running.event("output_key_encrypted", job: id) }
            try running.killWorkers()
            barrier.open()
        }
        try await running.event("result_sent", job: id, within: 40)
        #expect(try network.job(id)["status"]?.text == "ACCEPTED")
        #expect(try network.progress(of: node, in: id)["claims"]?.int == 1)
        #expect(try await node.journalled(id)["state"] as? String == "sent")
        let isRepeated = step == .askingTheModel || step == .encryptingTheKey
        #expect(running.count(of: "job_retried") == (isRepeated ? 1 : 0))
        let violations = try await network.violations()
        #expect(violations.count == 0, "\(violations.text)")
        #expect(try await running.stop() == 0)
    }

    @Test("killed at every attempt, its job ends as worker_crashed, and the node serves the next one")
    func killedAlways() async throws {
        let barrier = Barrier()
        let model = try ModelServer(saying: "late", after: barrier)
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start(model.settings)
        let id = try Ask(network, model: "toy").submit(to: node)
        for attempt in 1...2 {
            #expect(try await network.eventually { model.asked == attempt })
            try running.killWorkers()
        }
        #expect(try await running.failure(of: id) == "worker_crashed")
        #expect(try await node.journalled(id)["code"] as? String == "worker_crashed")
        #expect(try network.job(id)["outputCid"] == .null)
        barrier.open()
        #expect(try await network.serves(node))
        #expect(try await network.serves(node, model: "toy"))
        #expect(try await running.stop() == 0)
    }
}

extension ChildProcess {
    /// Kills all children, which are the workers of a node: that of a job, and those that wait for one.
    fileprivate func killWorkers() throws {
        var workers: [pid_t] = []
        for thread in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task") {
            let list = try String(contentsOfFile: "/proc/\(pid)/task/\(thread)/children", encoding: .utf8)
            workers += list.split(separator: " ").compactMap { pid_t($0) }
        }
        struct NoWorkers: Error {}
        guard !workers.isEmpty else { throw NoWorkers() }
        for worker in workers { kill(worker, SIGKILL) }
    }
}
