import Ethereum
import HTTPTransport
import LocalNode
import Logging
import LoopbackServer
import Shared
import TestChain
import Testing

@testable import Supervisor

/// A node's wallet at the real registry and the real stake.
@Suite("The watch over the chain", .serialized)
struct ChainWatchTests {
    @Test("a heartbeat is sent when the registry's own grace is half over, and not before")
    func heartbeat() async throws {
        let bench = try await WatchBench(grace: 600)
        try await bench.register()
        await bench.watch.look()
        try await bench.chain.ask("dev_advanceTime", 290)
        await bench.watch.look()
        #expect(try await bench.intents() == ["register"])
        try await bench.chain.ask("dev_advanceTime", 20)
        // One that is refused does not count as sent.
        try await bench.chain.fault("eth_estimateGas", ["error": ["code": -32000, "message": "out of sorts"]])
        await bench.watch.look()
        #expect(try await bench.intents() == ["register"])
        await bench.watch.look()
        await bench.watch.look()
        #expect(try await bench.intents() == ["register", "heartbeat"])
        #expect(try await bench.registry.isActive(bench.node))
        #expect(bench.log.events == ["chain_look_failed", "chain_heartbeat_sent"])
    }

    @Test("no heartbeat is paid for where it cures nothing: not registered, attestation over, a registry without grace")
    func useless() async throws {
        let bench = try await WatchBench(grace: 0)
        for _ in 0..<2 { await bench.watch.look() }
        #expect(bench.log.events == ["chain_unregistered"], "said once")
        try await bench.register(for: 1000)
        for _ in 0..<2 { await bench.watch.look() }
        #expect(bench.log.events.last == "heartbeat_grace_missing")
        try await bench.chain.ask("dev_advanceTime", 2000)
        await bench.watch.look()
        #expect(bench.log.events.last == "registration_expired")
        #expect(try await bench.intents() == ["register"])
    }

    @Test("an endpoint that lies about the time once has a heartbeat paid for, and keeps none back later")
    func falseClock() async throws {
        let bench = try await WatchBench(grace: 4_000_000)
        try await bench.register(for: 4_000_000)
        let now = Int(try await bench.access.rpc.block().timestamp)
        let lie: JSONValue = ["with": ["timestamp": .string(Self.quantity(now + 2_000_000))]]
        try await bench.chain.fault("eth_getBlockByNumber", lie, count: 2)
        await bench.watch.look()
        #expect(try await bench.intents() == ["register", "heartbeat"])
        try await bench.chain.ask("dev_advanceTime", 870_000)
        await bench.watch.look()
        #expect(try await bench.intents() == ["register", "heartbeat", "heartbeat"])
    }

    @Test("after two failures in a row no job is taken, until the operator accepts that or the count is over")
    func strikes() async throws {
        let bench = try await WatchBench()
        try await bench.stake()
        await bench.watch.look()
        #expect(!bench.hold.isOn)
        for _ in 0..<2 { try await bench.fromCoordinator("2caafd3e") }
        await bench.watch.look()
        #expect(bench.hold.isOn)
        try await ChainWatch.acceptStrikes(in: bench.journal)
        await bench.watch.look()
        #expect(!bench.hold.isOn)
        // A good job.
        try await bench.fromCoordinator("16828573")
        await bench.watch.look()
        for _ in 0..<2 { try await bench.fromCoordinator("2caafd3e") }
        await bench.watch.look()
        #expect(bench.hold.isOn, "what was accepted was accepted once")
        #expect(
            bench.log.events.filter { $0.hasPrefix("claims") } == ["claims_held", "claims_released", "claims_held"])
    }

    @Test("a wallet that could not pay for jobs takes none, and takes them again when it can")
    func lowBalance() async throws {
        let bench = try await WatchBench()
        // A million units of gas at twice the base fee, less a wei.
        try await bench.chain.fault(
            "eth_getBalance", ["result": .string(Self.quantity(2 * 100_000_000 * 1_000_000 - 1))])
        await bench.watch.look()
        #expect(bench.hold.isOn && bench.log.reasons == ["low_balance"])
        await bench.watch.look()
        #expect(!bench.hold.isOn && bench.log.events == ["claims_held", "chain_unregistered", "claims_released"])
    }

    @Test("a chain that asks more for gas than the operator allows holds claims, and says so")
    func feeAboveCeiling() async throws {
        let bench = try await WatchBench()
        try await bench.chain.ask("dev_setBaseFee", .integer(5_000_000_001))
        try await bench.chain.ask("evm_mine")
        await bench.watch.look()
        #expect(bench.hold.isOn && bench.log.reasons == ["fee_above_ceiling"])
        try await bench.chain.ask("dev_setBaseFee", .integer(100_000_000))
        try await bench.chain.ask("evm_mine")
        await bench.watch.look()
        #expect(!bench.hold.isOn)
    }

    private static func quantity(_ number: Int) -> String { "0x" + String(number, radix: 16) }

    @Test("a heartbeat is sent every ten days at the least, and one that an endpoint hides is not paid for again")
    func longGrace() async throws {
        let bench = try await WatchBench(grace: 4_000_000)
        try await bench.register(for: 4_000_000)
        try await bench.chain.ask("dev_advanceTime", 863_000)
        await bench.watch.look()
        #expect(try await bench.intents() == ["register"])
        let before = try await bench.repeating("9d209048")
        try await bench.chain.ask("dev_advanceTime", 2000)
        await bench.watch.look()
        #expect(try await bench.intents() == ["register", "heartbeat"])
        try await bench.chain.fault("eth_call", before)
        await bench.watch.look()
        #expect(try await bench.intents() == ["register", "heartbeat"])
        #expect(!bench.log.events.contains("chain_look_failed"))
    }

    @Test(
        "of two nodes on one key the second sees the first's heartbeat on the chain; at once, each pays for its own at most"
    )
    func oneKey() async throws {
        let one = try await WatchBench(grace: 600)
        let other = try await WatchBench(beside: one, with: one.wallet)
        try await one.register()
        try await one.chain.ask("dev_advanceTime", 310)
        for bench in [one, other] { await bench.watch.look() }
        #expect(one.log.events == ["chain_heartbeat_sent"] && other.log.events.isEmpty)
        #expect(try await one.count() == 2)
        try await one.chain.ask("dev_advanceTime", 310)
        async let first: Void = one.watch.look()
        async let second: Void = other.watch.look()
        _ = await (first, second)
        let sent = (one.log.events + other.log.events).count { $0 == "chain_heartbeat_sent" }
        #expect((2...3).contains(sent))
        #expect(try await one.count() == UInt64(1 + sent), "what was paid for is known")
        #expect(try await one.registry.isActive(one.node))
    }

    @Test("what is no registry gets no heartbeat: an account without code, and another contract, each named by a code")
    func noRegistry() async throws {
        for watched in [Self.nobody, "BLIND"] {
            let bench = try await WatchBench(watching: watched)
            for _ in 0..<2 { await bench.watch.look() }
            #expect(bench.log.events == ["chain_look_failed", "chain_look_failed"], "\(watched)")
            #expect(bench.log.reasons == ["not_this_contract", "not_this_contract"], "\(watched)")
            #expect(try await bench.intents().isEmpty)
        }
    }

    @Test("an endpoint that speaks for a registry where there is none has no heartbeat sent there")
    func spokenFor() async throws {
        for (watched, reason) in [(Self.nobody, "not_this_contract"), ("BLIND", "reverted")] {
            let bench = try await WatchBench(grace: 600, watching: watched)
            try await bench.register()
            // What the real one says: getNode, isActive, heartbeatGraceSeconds.
            var answers: [JSONValue] = []
            for selector in ["9d209048", "9f8a13d7", "3080ac41"] { answers.append(try await bench.repeating(selector)) }
            try await bench.chain.ask("dev_advanceTime", 310)
            try await bench.chain.ask("dev_fault", "eth_call", .array(answers))
            await bench.watch.look()
            #expect(bench.log.events == ["chain_look_failed"] && bench.log.reasons == [reason], "\(watched)")
            #expect(try await bench.intents() == ["register"])
        }
    }

    @Test("a heartbeat that left no trace on the chain is none")
    func withoutEvent() async throws {
        let bench = try await WatchBench(grace: 600)
        try await bench.register()
        try await bench.chain.ask("dev_advanceTime", 310)
        try await bench.chain.fault("eth_getTransactionReceipt", ["with": ["logs": []]], count: 100)
        await bench.watch.look()
        #expect(bench.log.events == ["chain_look_failed"] && bench.log.reasons == ["not_this_contract"])
        #expect(try await bench.intents() == ["register", "heartbeat"])
    }

    @Test("a heartbeat that was paid for in vain is not paid for at every look, and still comes in time")
    func inVain() async throws {
        let bench = try await WatchBench(grace: 8000)
        try await bench.register()
        try await bench.chain.ask("dev_advanceTime", 4010)
        // An endpoint lies about its gas, which is used up in the block.
        try await bench.chain.fault("eth_call", ["result": "0x", "about": ["3defb962"]], count: 2)
        try await bench.chain.fault("eth_estimateGas", ["result": "0x2ee0"])
        for _ in 0..<2 { await bench.watch.look() }
        #expect(bench.log.events == ["chain_look_failed"] && bench.log.reasons == ["reverted"])
        #expect(try await bench.intents() == ["register", "heartbeat"])
        try await bench.chain.ask("dev_advanceTime", 510)
        await bench.watch.look()
        #expect(bench.log.events == ["chain_look_failed", "chain_heartbeat_sent"])
        #expect(try await bench.intents() == ["register", "heartbeat", "heartbeat"])
        #expect(try await bench.registry.isActive(bench.node))
    }

    @Test("a heartbeat under a base fee that has risen since it was priced gets a higher one, and comes through")
    func risingFee() async throws {
        let bench = try await WatchBench(grace: 600)
        try await bench.register()
        try await bench.chain.ask("dev_setFinalityLag", 3)
        try await bench.chain.ask("dev_advanceTime", 310)
        let before = try await bench.chain.ask("eth_getBlockByNumber", "latest", false)
        try await bench.chain.ask("dev_setBaseFee", .integer(1_000_000_000))
        try await bench.chain.ask("evm_mine")
        // The look at the money, that at the registration, and the price.
        try await bench.chain.fault(
            "eth_getBlockByNumber", .object([.init("result", before), .init("about", ["latest"])]), count: 3)
        await bench.watch.look()
        #expect(bench.log.events == ["chain_heartbeat_sent"])
        let open = try await bench.journal.openTransactions(of: bench.node, chainID: 421_614, recent: 0)
        #expect(open.last?.intent == "heartbeat" && open.last?.versions.count == 2)
        #expect(try await bench.registry.isActive(bench.node))
        #expect(try await bench.count() == 2)
    }

    @Test("an operators' registry, which has no grace, gets a heartbeat every ten days; one of statements gets none")
    func olderRegistries() async throws {
        let bench = try await WatchBench(
            all: true, watching: "NodeOperatorRegistry", as: .nodeOperatorRegistryAddress,
            [.stakeAmountWei: .text("5000")])
        let certificate = Certificate(hash: "00ff", expiry: 4_000_000_000, tier: 0, backend: "mock", models: ["mock"])
        func register(_ bench: WatchBench) async throws {
            let receipt = try await Registration(bench.access, wallet: bench.wallet).register(
                certificate, over: bench.queue, agree: { _ in true }, telling: { _ in })
            #expect(receipt?.succeeded == true)
        }
        try await register(bench)
        let begin = try await bench.intents()
        try await bench.chain.ask("dev_advanceTime", 863_000)
        await bench.watch.look()
        #expect(try await bench.intents() == begin)
        try await bench.chain.ask("dev_advanceTime", 2000)
        for _ in 0..<2 { await bench.watch.look() }
        #expect(bench.log.events == ["chain_heartbeat_sent"])
        #expect(try await bench.intents().count == begin.count + 1)

        let stated = try await WatchBench(
            beside: bench, watching: "NodeAttestationRegistry", as: .nodeAttestationRegistryAddress)
        try await register(stated)
        try await stated.chain.ask("dev_advanceTime", 100_000)
        await stated.watch.look()
        #expect(try await stated.intents() == ["commit_attestation"])
        #expect(stated.log.events.isEmpty)
    }

    private static let nobody = "0x00000000000000000000000000000000000000AA"

    @Test("a heartbeat that a reorganisation drops is sent again at the next look, as the same bytes")
    func dropped() async throws {
        let bench = try await WatchBench(grace: 600)
        try await bench.register()
        try await bench.chain.ask("dev_setFinalityLag", 3)
        try await bench.chain.ask("dev_advanceTime", 310)
        await bench.watch.look()
        let last = try await bench.chain.ask("eth_getBlockByNumber", "latest", true)["transactions"]
        try await bench.chain.ask("dev_reorg", 1, false)
        #expect(try await bench.count() == 1)
        await bench.watch.look()
        #expect(try await bench.count() == 2)
        let again = try await bench.chain.ask("eth_getBlockByNumber", "latest", true)["transactions"]
        #expect(again?.elements?.first?["hash"] == last?.elements?.first?["hash"])
        #expect(try await bench.intents() == ["register", "heartbeat"])
    }

    @Test("until the first look is over, no job is taken")
    func unseen() async throws {
        let bench = try await WatchBench()
        #expect(bench.hold.isOn)
        await bench.watch.look()
        #expect(!bench.hold.isOn)
        #expect(!bench.log.events.contains("claims_held") && !bench.log.events.contains("claims_released"))
    }

    @Test("an endpoint that is away changes nothing, and is named by a code")
    func away() async throws {
        let bench = try await WatchBench()
        try await bench.chain.fault("eth_getBalance", ["http": 503], count: 4)
        await bench.watch.look()
        #expect(!bench.hold.isOn)
        #expect(bench.log.events.contains("chain_look_failed"))
        #expect(bench.log.reasons.first == "rpc_failed")
    }

    @Test("a held node leaves offered jobs alone, and takes them when it is released")
    func held() async throws {
        let node = try await LocalNode(asking: LoopbackServer { _ in .hang() }, JobTiming())
        #expect(node.services.hold.set(.strikes, true))
        await #expect(throws: LocalNode.Failure.lost) { try await node.serveOneJob("mock") }
        #expect(node.services.hold.set(.strikes, false))
        #expect(try await node.serveOneJob("mock").failure == nil)
    }
}

extension WatchBench {
    /// What the registry says now, for the endpoint to say again at the next question of this kind.
    fileprivate func repeating(_ selector: String) async throws -> JSONValue {
        let call: JSONValue = [
            "to": .string(registry.address.checksummed), "data": .string("0x" + selector + argument),
        ]
        let answer = try await chain.ask("eth_call", call, "latest")
        return .object([.init("result", answer), .init("about", [.string(selector)])])
    }
}
