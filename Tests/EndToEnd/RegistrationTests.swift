import Foundation
import Shared
import TestChain
import TestNetwork
import Testing

/// A node, a coordinator and a chain together.
@Suite("Registration and heartbeats on chain", .crowd)
struct RegistrationTests {
    @Test("attest registers once, asked and shown; run keeps the node active by the registry's own grace")
    func wholeLife() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let chain = try await TestChain(funding: [node.address], grace: 600)
        let settings = try chain.settings()
        func attest(_ options: String..., with extra: [String: String] = [:]) async throws -> (
            status: Int32, output: String
        ) {
            try await network.run(
                "blindference-node", ["attest", "--password-file", node.passwordFile] + options,
                environment: node.environment(settings.merging(extra) { $1 }))
        }
        let dry = try await attest("--dry-run")
        #expect(dry.status == 0 && dry.output.contains("Would attest"), "\(dry.output)")
        let read = try await attest("--dry-run", "--format", "json")
        #expect(try read.output.report() == ["signed": false], "\(read.output)")
        let unasked = try await attest()
        #expect(unasked.status == 0 && unasked.output.contains("attest --yes"), "\(unasked.output)")
        let looked = try await attest("--dry-run")
        #expect(looked.output.contains("Would register this node with tier 0 and mock, for at most 0.000"))
        #expect(try await chain.transactions(of: node.address) == 0)

        let registered = try await attest("--yes", "--format", "json")
        #expect(registered.status == 0, "\(registered.output)")
        #expect(registered.output.contains("Will register this node with tier 0 and mock, for at most 0.000"))
        let line = try #require(registered.output.split(separator: "\n").first { $0.contains("\"registered\"") })
        let shown = try JSONValue(parsing: Array(line.utf8))
        #expect(shown["registered"] == true)
        let transaction = try #require(shown["transaction"]?.text)
        #expect(shown["explorer"]?.text == "https://sepolia.arbiscan.io/tx/" + transaction)
        #expect(transaction.wholeMatch(of: /0x[0-9a-f]{64}/) != nil)
        // The coordinator's bytes, and no digest of their text.
        let hash = try #require(shown["certificate"]?.text).trimmingPrefix("0x")
        let record = try await chain.ask(
            "eth_call",
            [
                "to": .string(try #require(chain.contracts["NodeRegistry"])),
                // getNode(address)
                "data": .string("0x9d209048" + String(repeating: "0", count: 24) + node.address.dropFirst(2)),
            ], "latest")
        #expect(hash.count >= 32 && record.text?.contains(hash.lowercased()) == true, "\(hash)")
        #expect(try await chain.transactions(of: node.address) == 1)
        let again = try await attest("--yes")
        #expect(again.status == 0 && again.output.contains("Registered"), "\(again.output)")
        #expect(again.output.contains("Active in the registry") && !again.output.contains("inactive"))
        #expect(try await chain.transactions(of: node.address) == 1, "registered once")

        // An endpoint that is away, and an address without code, are never "not registered".
        let away = try await attest("--yes", with: ["BLF_RPC_URL": "http://127.0.0.1:9"])
        #expect(away.status == 1 && away.output.contains("cannot be reached") && away.output.contains("Certificate"))
        let empty = try await attest("--yes", with: ["BLF_NODE_REGISTRY_ADDRESS": node.address])
        #expect(empty.status == 1 && empty.output.contains("does not answer as it should"), "\(empty.output)")
        for lie in [["BLF_RPC_URL": "http://127.0.0.1:9"], ["BLF_NODE_REGISTRY_ADDRESS": node.address]] {
            let unasked = try await attest(with: lie)
            #expect(unasked.status == 1 && !unasked.output.contains("not registered"), "\(unasked.output)")
        }
        #expect(try await chain.transactions(of: node.address) == 1)

        let alone = try await attest("--yes", with: ["BLF_RPC_URL": ""])
        #expect(alone.status == 0 && alone.output.contains("rpc_url is not set"), "\(alone.output)")
        try await chain.ask("dev_advanceTime", 601)
        let late = try await attest("--yes")
        #expect(late.status == 0 && late.output.contains("counts this node as inactive"), "\(late.output)")
        let running = try await node.start(settings)
        try await running.line(within: 20) { $0.contains("chain_heartbeat_sent") }
        #expect(try await chain.transactions(of: node.address) == 2)
        #expect(try await network.serves(node), "jobs go on beside it")
        let paid = try await chain.transactions(of: node.address)
        try network.forget(node)
        try await running.event("attested")
        #expect(try await network.serves(node))
        let paidThen = try await chain.transactions(of: node.address)
        #expect(paidThen == paid + 1, "for the job's key; an attestation made anew costs nothing")
        #expect(try await running.stop() == 0)
    }

    @Test("without the registry a node enters the operators', without that it states its attestation, else it is told")
    func olderRegistries() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("node")
        let chain = try await TestChain(funding: [node.address], all: true)
        let zero = "0x" + String(repeating: "0", count: 40)
        var settings = try chain.settings()
        func attest(_ options: String...) async throws -> (status: Int32, output: String) {
            try await network.run(
                "blindference-node", ["attest", "--password-file", node.passwordFile] + options,
                environment: node.environment(settings))
        }
        settings["BLF_NODE_REGISTRY_ADDRESS"] = zero
        settings["BLF_NODE_OPERATOR_REGISTRY_ADDRESS"] = chain.contracts["NodeOperatorRegistry"]
        settings["BLF_NODE_ATTESTATION_REGISTRY_ADDRESS"] = chain.contracts["NodeAttestationRegistry"]
        // What the registry asks is an endpoint's word, and the operator's limit is nothing at first.
        let dear = try await attest("--yes")
        #expect(dear.status == 1 && dear.output.contains("stake_amount_wei allows 0"), "\(dear.output)")
        #expect(try await chain.transactions(of: node.address) == 0)
        settings["BLF_STAKE_AMOUNT_WEI"] = "1000000000000000000"
        let entered = try await attest("--yes")
        #expect(entered.status == 0 && entered.output.contains("register: in block"), "\(entered.output)")
        let again = try await attest("--yes")
        #expect(again.status == 0 && !again.output.contains("sending"), "\(again.output)")
        #expect(try await chain.transactions(of: node.address) == 1)

        settings["BLF_NODE_OPERATOR_REGISTRY_ADDRESS"] = zero
        let stated = try await attest("--yes")
        #expect(stated.status == 0 && stated.output.contains("commit_attestation: in block"), "\(stated.output)")
        let valid = try await attest("--yes")
        #expect(valid.status == 0 && !valid.output.contains("sending"), "\(valid.output)")
        #expect(try await chain.transactions(of: node.address) == 2)

        settings["BLF_NODE_ATTESTATION_REGISTRY_ADDRESS"] = zero
        let nowhere = try await attest("--yes")
        #expect(nowhere.status == 1 && nowhere.output.contains("node_registry_address"), "\(nowhere.output)")
    }

    @Test("at a terminal a registration is asked about with the stake that goes with it: only a yes signs")
    func asked() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("node")
        let chain = try await TestChain(funding: [node.address])
        let registry = try #require(chain.contracts["NodeRegistry"])
        let price = String(10_000_000_000_000_000, radix: 16)
        // setMinStake(uint256)
        try await chain.send(
            from: chain.deployer, to: registry, "8c80fd90" + String(repeating: "0", count: 64 - price.count) + price)
        func attest(_ answer: String, limit: String) async throws -> (status: Int32, shown: String) {
            let settings = try chain.settings().merging(["BLF_STAKE_AMOUNT_WEI": limit]) { $1 }
            let terminal = Terminal(
                password: "password of node", environment: node.environment(settings), folder: node.folder)
            return try await terminal.run("attest", first: ["1"], answering: "y", answer)
        }
        let dear = try await attest("y", limit: "9999999999999999")
        #expect(
            dear.status == 1 && dear.shown.contains("stake_amount_wei allows 0.009999999999999999"), "\(dear.shown)")
        let refused = try await attest("n", limit: "10000000000000000")
        #expect(refused.status == 0 && refused.shown.contains("0.01 of it as stake. Go on?"), "\(refused.shown)")
        #expect(refused.shown.contains("Nothing was signed") && !refused.shown.contains("password of"))
        #expect(try await chain.transactions(of: node.address) == 0)
        let agreed = try await attest("y", limit: "10000000000000000")
        #expect(agreed.status == 0 && agreed.shown.contains("register: in block"), "\(agreed.shown)")
        #expect(try await chain.transactions(of: node.address) == 1)
        #expect(try await chain.ask("eth_getBalance", .string(registry), "latest").text == "0x" + price)
    }

    @Test("attest asks in the published order: which attestation, the password, whether to register, whether to pay")
    func order() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("node")
        let chain = try await TestChain(funding: [node.address])
        let terminal = Terminal(
            password: "password of node", environment: node.environment(try chain.settings()), folder: node.folder)
        let questions = ["Attest with [1] mock", "simulate it", "assword", "Register it", "Go on?"]
        func asked(_ shown: String) -> [String] {
            let places = questions.map { question in (question, shown.ranges(of: question).first?.lowerBound) }
            return places.filter { $0.1 != nil }.sorted { $0.1 ?? shown.endIndex < $1.1 ?? shown.endIndex }.map(\.0)
        }
        let hardware = try await terminal.run("attest", first: ["3", "2", "no"])
        #expect(hardware.status == 1 && hardware.shown.contains("attest --mock"), "\(hardware.shown)")
        #expect(asked(hardware.shown) == Array(questions[..<2]), "\(hardware.shown)")
        let unregistered = try await terminal.run("attest", first: ["2", "yes"], answering: "no")
        #expect(unregistered.status == 0 && unregistered.shown.contains("Nothing was signed"))
        #expect(asked(unregistered.shown) == Array(questions[..<4]), "\(unregistered.shown)")
        #expect(try await chain.transactions(of: node.address) == 0)
        let registered = try await terminal.run("attest", "--mock", answering: "", "yes")
        #expect(registered.status == 0 && asked(registered.shown) == Array(questions[2...]), "\(registered.shown)")
        #expect(try await chain.transactions(of: node.address) == 1)
        let again = try await terminal.run("attest", first: [""])
        #expect(again.status == 0 && asked(again.shown) == [questions[0], questions[2]], "\(again.shown)")
    }

    @Test("an attest that goes away leaves its transaction to the next one, which makes no other")
    func interrupted() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("node")
        let chain = try await TestChain(funding: [node.address], all: true)
        var settings = try chain.settings()
        // The one that would take another statement beside the first.
        settings["BLF_NODE_REGISTRY_ADDRESS"] = "0x" + String(repeating: "0", count: 40)
        settings["BLF_NODE_ATTESTATION_REGISTRY_ADDRESS"] = chain.contracts["NodeAttestationRegistry"]
        let environment = node.environment(settings)
        let untouched = try await chain.ask("evm_snapshot")
        try await chain.ask("evm_setAutomine", false)
        let killed = try ChildProcess(
            TestNetwork.binaries.appending(path: "blindference-node"),
            ["attest", "--yes", "--password-file", node.passwordFile], environment: environment,
            output: node.folder.appending(path: "killed.log"))
        try await killed.line(within: 30) { $0.contains("commit_attestation: sending") }
        let end = ContinuousClock.now + .seconds(20)
        while try await chain.ask("eth_getTransactionCount", .string(node.address), "pending") != "0x1" {
            try #require(ContinuousClock.now < end)
        }
        killed.signal(SIGKILL)
        let looked = try await network.run(
            "blindference-node", ["attest", "--dry-run", "--password-file", node.passwordFile],
            environment: environment)
        #expect(looked.status == 1 && looked.output.contains("is in no block yet"), "\(looked.output)")
        // The chain forgets it.
        try await chain.ask("evm_revert", untouched)
        let registered = try await network.run(
            "blindference-node", ["attest", "--yes", "--password-file", node.passwordFile], environment: environment)
        #expect(registered.status == 0 && registered.output.contains("Registered"), "\(registered.output)")
        #expect(registered.output.contains("commit_attestation: waiting for 0x"), "\(registered.output)")
        #expect(try await chain.transactions(of: node.address) == 1)
    }

    @Test("a running node takes no job after two failures, and takes them again after jobs resume")
    func strikes() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let chain = try await TestChain(funding: [node.address])
        let settings = try chain.settings()
        let staked = try await network.run(
            "blindference-node", ["staking", "stake", "1000", "--yes", "--password-file", node.passwordFile],
            environment: node.environment(settings))
        #expect(staked.status == 0, "\(staked.output)")
        for _ in 0..<2 { try await chain.recordFailure(of: node.address) }
        let held = try await node.start(settings)
        let line = try await held.line(within: 20) { $0.contains("claims_held") }
        #expect(line.contains("strikes"))
        #expect(try await !network.serves(node, within: 3))
        #expect(try await held.stop() == 0)
        let resumed = try await network.run(
            "blindference-node", ["jobs", "resume"], environment: node.environment(settings))
        #expect(resumed.status == 0, "\(resumed.output)")
        let released = try await node.start(settings, log: "again.log")
        #expect(try await network.serves(node))
        #expect(!released.text.contains("claims_held"))
        #expect(try await released.stop() == 0)
    }
}

extension TestChain {
    /// Settings of a node on this chain.
    func settings() throws -> [String: String] {
        [
            "BLF_RPC_URL": url, "BLF_STAKING_ADDRESS": try #require(contracts["BlindferenceStaking"]),
            "BLF_BLIND_TOKEN_ADDRESS": try #require(contracts["BLIND"]),
            "BLF_NODE_REGISTRY_ADDRESS": try #require(contracts["NodeRegistry"]),
            "BLF_PROMPT_KEY_STORE_ADDRESS": try #require(contracts["PromptKeyStore"]),
        ]
    }

    func transactions(of address: String) async throws -> Int {
        let count = try await ask("eth_getTransactionCount", .string(address), "latest").text ?? ""
        return Int(count.dropFirst(2), radix: 16) ?? -1
    }

    /// What the coordinator does to a node that keeps a claimed job waiting.
    func recordFailure(of address: String) async throws {
        try await send(
            from: icl, to: try settings()["BLF_STAKING_ADDRESS"] ?? "",
            "2caafd3e" + String(repeating: "0", count: 24) + address.dropFirst(2).lowercased())
    }
}
