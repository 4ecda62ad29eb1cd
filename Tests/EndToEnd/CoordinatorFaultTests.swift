import Foundation
import Shared
import TestNetwork
import Testing

@Suite("The coordinator fails", .crowd)
struct CoordinatorFaultTests {
    @Test("away at the start: the node keeps asking, says so, and starts once the coordinator is there")
    func awayAtStart() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        try network.fault("/internal", "close", count: 0)
        let running = try ChildProcess(
            TestNetwork.binaries.appending(path: "blindference-node"), ["run", "--password-file", node.passwordFile],
            environment: node.environment(), directory: node.folder, output: node.folder.appending(path: "node.log"))
        try await running.event("attestation_failed")
        try await running.event("attestation_awaited")
        #expect(running.isRunning)
        try network.clearFaults()
        try await running.event("node_started", within: 30)
        #expect(try await network.serves(node))
        #expect(try await running.stop() == 0)
        #expect(try await network.violations().count == 0)
    }

    @Test("told to stop while the coordinator is away or hangs, the node ends at once", arguments: ["close", "hang"])
    func stopWhileAway(action: String) async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        try network.fault("/internal", action, count: 0)
        let running = try ChildProcess(
            TestNetwork.binaries.appending(path: "blindference-node"), ["run", "--password-file", node.passwordFile],
            environment: node.environment(), directory: node.folder, output: node.folder.appending(path: "node.log"))
        if action == "hang" {
            // The attempt is under way when the process listens to signals; nothing else marks the moment.
            #expect(try await network.eventually { try running.signalsAreCaught })
        } else {
            try await running.event("attestation_awaited")
        }
        let start = ContinuousClock.now
        #expect(try await running.stop() == 0)
        #expect(ContinuousClock.now - start < .seconds(2))
        #expect(running.text.contains("node_stopped"))
    }

    @Test(
        "a call that fails now and then, in whatever way, costs no job",
        arguments: ["status", "close", "garbage", "drip"])
    func stumbling(action: String) async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start()
        var jobs: [String] = []
        for path in ["/internal/task/claim", "/internal/task/result", "/internal/assignments", "/internal/task/result"]
        {
            try network.fault(path, action, count: 1, milliseconds: 5)
            jobs.append(try Ask(network).submit(to: node))
        }
        for id in jobs { try await running.event("result_sent", job: id, within: 60) }
        #expect(try await network.violations().count == 0)
    }

    @Test("with every fourth or fifth call answered 503, all jobs are served")
    func flaky() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start()
        for _ in 0..<10 {
            try network.fault("/internal", "status", count: 1)
            _ = try Ask(network).submit(to: node)
            let sent = running.count(of: "result_sent")
            try network.fault("/internal/task", "status", count: 1)
            #expect(try await network.eventually { running.count(of: "result_sent") > sent })
        }
        let isDone = try await network.eventually {
            try network.client.json("GET", "/dev/state")["jobs"]?.elements?.allSatisfy {
                $0["status"]?.text == "ACCEPTED"
            } == true
        }
        #expect(isDone)
        #expect(running.count(of: "job_failed") == 0)
        #expect(try await network.violations().count == 0)
    }

    @Test("a call that hangs is given up after 15 s and made again")
    func hanging() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start()
        try network.fault("/internal/task/claim", "hang", count: 1)
        let id = try Ask(network).submit(to: node)
        try await running.event("result_sent", job: id, within: 40)
        #expect(try await network.violations().count == 0)
    }

    @Test("a result that was recorded but answered with an error is repeated byte for byte")
    func recordedThenFailed() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start()
        for action in ["status", "close", "hang", "garbage"] {
            try network.fault("/internal/task/result", action, count: 1, status: 500, milliseconds: 500, after: true)
            let id = try Ask(network).submit(to: node)
            try await running.event("result_sent", job: id)
            #expect(try network.progress(of: node, in: id)["repeats"]?.int == 1, "\(action)")
        }
        let violations = try await network.violations()
        #expect(violations.count == 0, "\(violations.text)")
    }

    @Test("old coordinators that name no handles before the claim are served")
    func oldAssignments() async throws {
        let network = try await TestNetwork("--nodes", "1", "--old-assignments-without-handles")
        let node = try await network.makeNode("leader")
        let running = try await node.start()
        #expect(try await network.serves(node))
        let id = try Ask(network, .handlesMissing).submit(to: node)
        #expect(try await running.failure(of: id) == "handles_missing")
        #expect(try await network.serves(node))
        #expect(try await network.violations().count == 0)
    }

    @Test("late verifiers are served after their leader")
    func lateVerifiers() async throws {
        let network = try await TestNetwork("--nodes", "2", "--late-verifiers")
        let leader = try await network.makeNode("leader")
        let verifier = try await network.makeNode("verifier")
        let both = [try await leader.start(), try await verifier.start()]
        let id = try Ask(network).submit(to: leader, verifiers: [verifier])
        #expect(try await network.eventually { try network.job(id)["status"]?.text == "ACCEPTED" })
        for node in both { #expect(try await node.stop() == 0) }
        #expect(try await network.violations().count == 0)
    }

    @Test("forgotten by the coordinator, twice, the node attests again within a few polls and goes on")
    func forgotten() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start()
        for round in 2...3 {
            try network.forget(node)
            #expect(
                try await network.eventually(within: 15) {
                    try network.calls("POST /internal/attestation/verify", by: node) == round
                })
            #expect(try await network.serves(node))
        }
        #expect(try await running.stop() == 0)
        #expect(try await network.violations().count == 0)
    }
}

extension ChildProcess {
    /// Whether SIGTERM no longer ends the process by itself.
    fileprivate var signalsAreCaught: Bool {
        get throws {
            let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            let masks = status.split(separator: "\n").filter { $0.hasPrefix("SigIgn:") || $0.hasPrefix("SigCgt:") }
            return masks.contains { line in
                let mask = UInt64(line.split(separator: "\t").last ?? "0", radix: 16) ?? 0
                return mask & (1 << UInt64(SIGTERM - 1)) != 0
            }
        }
    }
}
