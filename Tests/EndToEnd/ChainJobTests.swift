import Foundation
import Shared
import TestChain
import TestNetwork
import Testing

/// Coordinator, chain and three nodes together.
@Suite("Jobs of nodes that are registered and staked on chain", .crowd)
struct ChainJobTests {
    @Test("register, stake, serve, store the answer's key, beat, unstake, wait, withdraw: three nodes, one chain")
    func wholeLife() async throws {
        let chain = try await TestChain(grace: 600)
        let network = try await TestNetwork(
            "--nodes", "3", "--rpc", chain.url, "--key-store", try #require(chain.contracts["PromptKeyStore"]))
        let settings = try chain.settings()
        var nodes: [TestNode] = []
        for name in ["leader", "first", "second"] {
            let node = try await network.makeNode(name)
            try await chain.fund(node.address)
            try await node.on(chain, "attest", "--yes")
            try await node.on(chain, "staking", "stake", "1000", "--yes")
            nodes.append(node)
        }
        // Past half of the registry's grace: a heartbeat is due.
        try await chain.ask("dev_advanceTime", 400)
        var running: [ChildProcess] = []
        for node in nodes { running.append(try await node.start(settings)) }
        for child in running { try await child.event("chain_heartbeat_sent") }
        _ = try await network.activeNodes(3)

        let held = try await network.holdLeader(nodes[0].address)
        let asked = try await network.submit(model: "mock", prompt: "Why is the sky blue?", leader: nodes[0].address)
        try await held.value
        #expect(asked.status == 0, "the user reads the answer by the right that the key store gave: \(asked.answer)")
        let stored = try await running[0].event("output_key_stored")
        try await running[0].event("result_sent")
        for child in running.dropFirst() { try await child.event("verdict_match") }
        let lines = running[0].text
        let order = ["output_key_stored", "result_sent"].compactMap { lines.range(of: $0)?.lowerBound }
        #expect(order == order.sorted() && order.count == 2, "the key is on chain before the result is posted")
        let receipt = try await chain.ask("eth_getTransactionReceipt", try #require(stored["transaction"]))
        #expect(receipt["status"] == "0x1" && receipt["from"]?.text?.lowercased() == nodes[0].address.lowercased())
        // register, approve, stake, heartbeat, and for the leader alone: storeKey.
        for (node, count) in zip(nodes, [5, 4, 4]) {
            #expect(try await chain.transactions(of: node.address) == count, "\(node.name)")
        }
        for child in running { #expect(try await child.stop() == 0) }

        for node in nodes { try await node.on(chain, "staking", "unstake", "--yes") }
        try await chain.ask("dev_advanceTime", 345_601)
        for node in nodes {
            try await node.on(chain, "staking", "withdraw", "--yes")
            let balance = try await node.on(chain, "balance", "--format", "json")
            #expect(balance.contains("\"blind\":\"10000\""), "\(balance)")
        }
        let violations = try await network.violations()
        #expect(violations.count == 0, "\(violations.text)")
    }

    @Test("leader and verifier seal and open on chain what they have computed, where the operator asks for it")
    func commitments() async throws {
        let chain = try await TestChain(all: true)
        let network = try await TestNetwork("--nodes", "3")
        let job = "0x" + String(repeating: "3d", count: 32)
        var (nodes, running): ([TestNode], [ChildProcess]) = ([], [])
        for (name, wanted) in [("leader", "1"), ("first", "1"), ("second", "0")] {
            let node = try await network.makeNode(name)
            try await chain.fund(node.address)
            nodes.append(node)
            let settings = try chain.settings().merging([
                "BLF_EXECUTION_COMMITMENTS": wanted, "BLF_SKIP_OUTPUT_KEY_STORAGE": "1",
                "BLF_COMMITMENT_REGISTRY_ADDRESS": try #require(chain.contracts["ExecutionCommitmentRegistry"]),
            ]) { $1 }
            running.append(try await node.start(settings))
        }
        try await chain.dispatch(job, to: nodes[0].address, nodes[1].address)
        let held = try await network.holdLeader(nodes[0].address)
        #expect(try Ask(network, job: job).submit(to: nodes[0], verifiers: Array(nodes.dropFirst())) == job)
        try await held.value
        for child in running.prefix(2) { try await child.event("commitment_opened", job: job, within: 60) }
        let status = try await chain.ask(
            "eth_call",
            [
                "to": .string(try #require(chain.contracts["ExecutionCommitmentRegistry"])),
                // statusOf(uint256)
                "data": .string("0xad35efd4" + job.dropFirst(2)),
            ], "latest")
        #expect(status.text?.hasSuffix("05") == true, "verified: both outputs are the same")
        for (node, count) in zip(nodes, [2, 2, 0]) {
            #expect(try await chain.transactions(of: node.address) == count, "\(node.name)")
        }
        for child in running { #expect(try await child.stop() == 0) }
    }

    @Test("a key that cannot be stored is no answer: the result is not posted, and the journal says why")
    func notStored() async throws {
        let chain = try await TestChain()
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        try await chain.fund(node.address)
        // No contract is there.
        let settings = try chain.settings().merging(["BLF_PROMPT_KEY_STORE_ADDRESS": node.address]) { $1 }
        let running = try await node.start(settings)
        let job = try Ask(network).submit(to: node)
        #expect(try await running.failure(of: job) == "output_key_not_stored")
        #expect(running.text.contains("key_store_takes_none"))
        #expect(try network.progress(of: node, in: job)["claims"] == 0, "known before the claim")
        #expect(try network.job(job)["status"]?.text == "QUEUED")
        #expect(try await chain.transactions(of: node.address) == 0)
        #expect(try await running.stop() == 0)

        // One that fails after the claim, each time it is tried.
        let broken = try await node.start(try chain.settings(), log: "broken.log")
        try await chain.fault(
            "eth_estimateGas", ["error": ["code": -32000, "message": "out of sorts"]], count: 100)
        let late = try Ask(network).submit(to: node)
        #expect(try await broken.failure(of: late) == "output_key_not_stored")
        let steps = broken.text.split(separator: "\n").filter { $0.contains(late) }
        #expect(
            steps.count { $0.contains("job_retried") } == 2 && steps.count { $0.contains("inference_started") } == 1)
        #expect(try network.job(late)["status"]?.text == "QUEUED")
        #expect(try await broken.stop() == 0)

        let trusting = try await node.start(
            settings.merging(["BLF_SKIP_OUTPUT_KEY_STORAGE": "1"]) { $1 }, log: "again.log")
        #expect(try await network.serves(node), "the coordinator stores it")
        #expect(try await trusting.stop() == 0)
    }

    /// Where a leader's answer is when its node is killed.
    enum Moment: CaseIterable {
        case beforeSigning, beforeSending, beforeReadBack, beforePosting
    }

    @Test(
        "a leader that is killed with its answer made answers with it at its next start, its key paid for once",
        arguments: Moment.allCases)
    func killed(at moment: Moment) async throws {
        let chain = try await TestChain()
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        try await chain.fund(node.address)
        let stall: JSONValue = ["sleep": 30, "http": 503]
        switch moment {
        case .beforeSigning: try await chain.fault("eth_estimateGas", stall, count: 1)
        case .beforeSending: try await chain.fault("eth_sendRawTransaction", stall, count: 1)
        case .beforeReadBack:
            try await chain.fault("eth_call", ["about": ["0x533688bb"], "sleep": 5, "http": 503], count: 10_000)
        case .beforePosting: try network.fault("/internal/task/result", "hang", count: 1)
        }
        let first = try await node.start(try chain.settings())
        let job = try Ask(network).submit(to: node)
        switch moment {
        case .beforeSigning: try await chain.wait(for: 1, of: "eth_estimateGas")
        case .beforeSending: try await chain.wait(for: 1, of: "eth_sendRawTransaction")
        case .beforeReadBack:
            try await chain.wait(for: 1, of: "eth_sendRawTransaction")
            #expect(try await network.eventually { try await chain.transactions(of: node.address) == 1 })
            // The next question is what stands in the store.
            try await chain.wait(for: try await chain.calls(of: "eth_call") + 1, of: "eth_call")
        case .beforePosting:
            #expect(try await network.eventually { try network.client.json("GET", "/dev/state")["faults"]?.int == 0 })
        }
        try await first.crash()
        let paid = [.beforeReadBack, .beforePosting].contains(moment) ? 1 : 0
        #expect(try await chain.transactions(of: node.address) == paid)
        #expect(try await node.journalled(job)["state"] as? String == "computed")
        try await chain.ask("dev_fault", "eth_call", [])
        let second = try await node.start(try chain.settings(), log: "second.log")
        try await second.event("result_sent", job: job)
        #expect(second.count(of: "inference_started") == 0, "the answer is the first one")
        #expect(second.count(of: "output_key_stored") == (moment == .beforePosting ? 0 : 1))
        #expect(try network.job(job)["status"]?.text == "ACCEPTED")
        #expect(try await chain.transactions(of: node.address) == 1)
        #expect(try await second.stop() == 0)
        #expect(try await network.violations().count == 0)
    }

    @Test("a key that was paid for and cannot be read back fails its job, paid for once")
    func notReadBack() async throws {
        let chain = try await TestChain()
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        try await chain.fund(node.address)
        try await chain.fault(
            "eth_call", ["about": ["0x533688bb"], "error": ["code": -32000, "message": "out of sorts"]], count: 10_000)
        let running = try await node.start(try chain.settings())
        let job = try Ask(network).submit(to: node)
        #expect(try await running.failure(of: job) == "output_key_not_read_back")
        #expect(try await chain.transactions(of: node.address) == 1)
        #expect(try network.job(job)["status"]?.text == "QUEUED")
        #expect(try await running.stop() == 0)
    }
}

extension TestNode {
    /// Runs a command of this node on `chain`; its output.
    @discardableResult
    fileprivate func on(_ chain: TestChain, _ arguments: String...) async throws -> String {
        let opens = !["balance"].contains(arguments[0])
        let result = try await network.run(
            "blindference-node", arguments + (opens ? ["--password-file", passwordFile] : []),
            environment: environment(try chain.settings()))
        try #require(result.status == 0, "\(name) \(arguments): \(result.output)")
        return result.output
    }
}
