import HTTPTransport
import Shared
import Testing

@testable import Ethereum

/// The real contracts on a real EVM; only the endpoint lies, where a test has it lie.
@Suite("Transactions", .serialized)
struct TransactionQueueTests {
    private static let thousand = Amount(whole: 1000)

    @Test("approve and stake: simulated, recorded before they are sent, and known by their events")
    func stake() async throws {
        let bench = try await ChainBench()
        let receipt = try await bench.stakeThousand()
        #expect(receipt.succeeded)
        let info = try await bench.staking.info(of: bench.node)
        #expect(info.staked == Self.thousand && info.isActive && info.consecutiveFailures == 0)
        #expect(try await bench.token.balance(of: bench.node) == Amount(whole: 9000))
        #expect(try await bench.token.allowance(of: bench.node, to: bench.staking.address) == Amount.zero)
        #expect(await bench.store.records.map(\.intent) == ["approve", "stake"])
        #expect(await bench.store.records.map(\.state) == [.final, .included])
        #expect(try await bench.count() == 2)
        // Twice the base fee, and nothing for a sequencer that takes no tip.
        let twice = try await bench.rpc.block().baseFee * 2
        for record in await bench.store.records {
            #expect(try record.latest.transaction().fees == .dynamic(maximum: twice.word, tip: Word(0)))
        }
    }

    @Test("a receipt shows what was asked for: of this call, by this contract, about this node, and a success")
    func event() throws {
        let (contract, node) = (try PrivateKey.generate().address, try PrivateKey.generate().address)
        let other = try PrivateKey.generate().address
        func word(_ address: Address) -> [UInt8] { [UInt8](repeating: 0, count: 12) + address.bytes }
        let topic = [UInt8](repeating: 7, count: 32)
        let event = ExpectedEvent(emitter: contract, topics: [topic, word(node)])
        func shows(to: Address? = contract, by emitter: Address = contract, about: Address = node, status: Int = 1)
            -> Bool
        {
            let hash = JSONValue.bytes([UInt8](repeating: 1, count: 32))
            let log: JSONValue = [
                "address": .address(emitter), "topics": [.bytes(topic), .bytes(word(about))], "data": "0x",
            ]
            let receipt = Receipt([
                "transactionHash": hash, "blockNumber": "0x1", "blockHash": hash,
                "status": .quantity(Word(UInt64(status))),
                "gasUsed": "0x1", "logs": [log], "to": to.map { .address($0) } ?? .null,
            ])
            return receipt.map { event.isIn($0) } ?? false
        }
        #expect(shows())
        #expect(!shows(to: other) && !shows(to: nil) && !shows(by: other) && !shows(about: other) && !shows(status: 0))
    }

    @Test("a call that would revert is not sent, and the contract's words come back")
    func wouldRevert() async throws {
        let bench = try await ChainBench()
        await bench.refuses(
            bench.staking.stake(Amount(whole: 999), from: bench.node),
            .wouldRevert(.message("BlindferenceStaking: below min stake")))
        await bench.refuses(
            bench.staking.withdraw(from: bench.node), .wouldRevert(.message("BlindferenceStaking: no unbonding")))
        // Enough BLIND, but nothing approved.
        let error = await #expect(throws: TransactionError.self) {
            try await bench.queue.perform(bench.staking.stake(Self.thousand, from: bench.node))
        }
        guard case .wouldRevert(.custom(name: "ERC20InsufficientAllowance", _)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try await bench.count() == 0)
    }

    @Test("a second registration costs nothing; the first is known by its record")
    func register() async throws {
        let bench = try await ChainBench()
        let names = (0..<12).map { "models-with-long-names/and-many-of-them-\($0)" }
        let intent = bench.registry.register(
            tier: 1, attestationHash: [UInt8](repeating: 7, count: 32), expires: 4_000_000_000, models: names,
            stake: try await bench.registry.minimumStake(), from: bench.node)
        #expect(try await !bench.registry.record(of: bench.node).isRegistered)
        // More gas than any fixed limit had.
        #expect(try await bench.queue.perform(intent).gasUsed > 500_000)
        let record = try await bench.registry.record(of: bench.node)
        #expect(record.isRegistered && record.tier == 1 && record.models == names)
        #expect(
            record.attestationExpires == 4_000_000_000 && record.attestationHash == [UInt8](repeating: 7, count: 32))
        await bench.refuses(intent, .wouldRevert(.message("NodeRegistry: already registered")))
        _ = try await bench.queue.perform(bench.registry.beat(from: bench.node))
        #expect(try await bench.registry.isActive(bench.node))
        #expect(try await bench.registry.heartbeatGrace() == 950_400)
    }

    @Test("an account without code, and another contract, are told from the contract")
    func wrongContract() async throws {
        let bench = try await ChainBench()
        let nobody = try Address("0x00000000000000000000000000000000000000AA")
        let staking = StakingContract(Contract(nobody, bench.rpc))
        await bench.refuses(staking.unstake(from: bench.node), .noContract(nobody))
        await #expect(throws: ContractError.notThisContract(nobody)) { try await staking.info(of: bench.node) }
        // The registry takes any call, and answers nothing.
        let registry = bench.registry.address
        let token = TokenContract(Contract(registry, bench.rpc))
        await bench.refuses(token.approve(Self.thousand, to: nobody, from: bench.node), .noAnswer(registry))
        await #expect(throws: ContractError.notThisContract(registry)) { try await token.balance(of: bench.node) }
        #expect(try await bench.count() == 0)
        // Where a call answers nothing by nature, only its event tells.
        let mistaken = StakingContract(Contract(registry, bench.rpc)).unstake(from: bench.node)
        let error = await #expect(throws: TransactionError.self) { try await bench.queue.perform(mistaken) }
        guard case .withoutEvent = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a contract's code is looked at once a start, however many transactions it gets")
    func codeOnce() async throws {
        let bench = try await ChainBench()
        for _ in 0..<2 { _ = try await bench.approve() }
        #expect(try await bench.chain.calls(of: "eth_getCode") == 1)
        _ = try await bench.again().perform(bench.approval)
        #expect(try await bench.chain.calls(of: "eth_getCode") == 2, "another start")
        #expect(try await bench.count() == 3)
    }

    @Test(
        "the gas that is signed is 1.3 times the estimate and 10,000, some at random on top, and never above the ceiling"
    )
    func gas() async throws {
        let bench = try await ChainBench()
        for (estimate, expected) in [(100_000, 140_000..<150_000), (222_000, 298_600..<300_001)] {
            for _ in 0..<2 {
                try await bench.chain.fault("eth_estimateGas", ["result": .string("0x" + String(estimate, radix: 16))])
                _ = try await bench.approve()
                let gas = try #require(await bench.store.records.last).latest.transaction().gas
                #expect(expected.contains(Int(gas)), "\(gas) for \(estimate)")
            }
        }
    }

    // MARK: - Lies before the signature

    @Test("another chain, a lying estimate, a fee above the ceiling, too little money: nothing is signed")
    func nothingSigned() async throws {
        let bench = try await ChainBench()
        let intent = bench.token.approve(Self.thousand, to: bench.staking.address, from: bench.node)
        try await bench.chain.fault("eth_chainId", ["result": "0xa4b1"], count: 20)
        await bench.refuses(
            intent, .rpc(.wrongChain(host: "127.0.0.1", expected: 421_614, found: 42_161)))
        try await bench.chain.fault("eth_chainId", .null, count: 0)
        try await bench.chain.fault("eth_estimateGas", ["result": "0x1ffffff"])
        await bench.refuses(intent, .gasAboveCeiling(needed: 43_630_759, ceiling: 300_000))
        // Too little, whatever comes on top of it at random.
        try await bench.chain.fault("eth_estimateGas", ["result": "0x2ee0"])
        let error = await #expect(throws: TransactionError.self) { try await bench.queue.perform(intent) }
        #expect(error.map { "\($0)".contains("refused") } == true, "too little gas: \(String(describing: error))")
        try await bench.chain.ask("dev_setBaseFee", .integer(20_000_000_000))
        try await bench.chain.ask("evm_mine")
        await bench.refuses(
            intent, .feeAboveCeiling(needed: Amount(units: 20_000_000_000), ceiling: Amount(units: 10_000_000_000)))
        try await bench.chain.ask("dev_setBaseFee", .integer(100_000_000))
        try await bench.chain.ask("evm_mine")
        try await bench.chain.fault("eth_getBalance", ["result": "0x1"])
        let poor = await #expect(throws: TransactionError.self) { try await bench.queue.perform(intent) }
        guard case .balanceTooLow(_, let has) = poor, has == Amount(units: 1) else {
            Issue.record("\(String(describing: poor))")
            return
        }
        #expect(await bench.store.records.isEmpty)
        #expect(try await bench.count() == 0)
    }

    @Test("an endpoint that turns to another chain between two transactions, or while one waits, gets no signature")
    func turnsToAnotherChain() async throws {
        let bench = try await ChainBench { $0.stuck = .milliseconds(100) }
        _ = try await bench.approve()
        let wrong = TransactionError.rpc(.wrongChain(host: "127.0.0.1", expected: 421_614, found: 42_161))
        try await bench.chain.fault("eth_chainId", ["result": "0xa4b1"], count: 20)
        await bench.refuses(bench.staking.stake(Self.thousand, from: bench.node), wrong)
        #expect(await bench.store.records.count == 1)
        try await bench.chain.fault("eth_chainId", .null, count: 0)
        try await bench.chain.ask("evm_setAutomine", false)
        let stuck = Task { try await bench.queue.perform(bench.staking.stake(Self.thousand, from: bench.node)) }
        try await bench.waitForRecord(2)
        try await bench.waitForPending()
        try await bench.chain.fault("eth_chainId", ["result": "0xa4b1"], count: 200)
        try await bench.chain.ask("dev_setBaseFee", .integer(1_000_000_000))
        try await bench.chain.ask("evm_mine")
        await #expect(throws: wrong) { try await stuck.value }
        #expect(await bench.store.records.last?.versions.count == 1)
    }

    @Test("no version of a transaction may pay more than the ceiling")
    func feeCeiling() async throws {
        let bench = try await ChainBench { $0.stuck = .milliseconds(100) }
        let ceiling = Amount(units: 10_000_000_000)
        try await bench.chain.ask("dev_setBaseFee", .integer(6_000_000_000))
        try await bench.chain.ask("evm_mine")
        _ = try await bench.approve()
        #expect(try await bench.store.records[0].latest.transaction().maximumFee == ceiling, "not twice the base fee")
        try await bench.chain.ask("dev_setBaseFee", .integer(4_000_000_000))
        try await bench.chain.ask("evm_mine")
        try await bench.chain.ask("evm_setAutomine", false)
        let stuck = Task { try await bench.approve() }
        try await bench.waitForRecord(2)
        try await bench.waitForPending()
        // The next version is at the ceiling, and there is none after it.
        try await bench.chain.ask("dev_setBaseFee", .integer(9_000_000_000))
        try await bench.chain.ask("evm_mine")
        try await bench.waitForVersion(2)
        #expect(try await bench.store.records[1].latest.transaction().maximumFee == ceiling)
        try await bench.chain.ask("dev_setBaseFee", .integer(11_000_000_000))
        try await bench.chain.ask("evm_mine")
        let error = await #expect(throws: TransactionError.self) { try await stuck.value }
        guard case .feeAboveCeiling(_, ceiling) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(await bench.store.records[1].versions.count == 2)
    }

    // MARK: - Blocks that come late, and that go

    @Test("a transaction that waits too long under a risen base fee gets a version with a higher one")
    func stuck() async throws {
        let bench = try await ChainBench { $0.stuck = .milliseconds(100) }
        try await bench.chain.ask("evm_setAutomine", false)
        async let receipt = bench.approve()
        try await bench.waitForRecord()
        try await Task.sleep(for: .milliseconds(300))
        try await bench.chain.ask("dev_setBaseFee", .integer(1_000_000_000))
        try await bench.chain.ask("evm_mine")
        try await Task.sleep(for: .milliseconds(700))
        try await bench.chain.ask("evm_setAutomine", true)
        #expect(try await receipt.succeeded)
        #expect(await bench.store.records.first?.versions.count == 2)
        #expect(try await bench.count() == 1)
    }

    @Test("a transaction that is in no block in time stays open, and the next command takes it up")
    func pending() async throws {
        let bench = try await ChainBench { $0.inclusion = .milliseconds(300) }
        try await bench.chain.ask("evm_setAutomine", false)
        let error = await #expect(throws: TransactionError.self) { try await bench.approve() }
        let record = try #require(await bench.store.records.first)
        #expect(error == .pending(hash: record.latest.hash, refusal: nil) && record.state == .signed)
        // Another process, later.
        let next = try bench.again()
        await #expect(throws: TransactionError.pending(hash: record.latest.hash, refusal: nil)) {
            try await next.perform(bench.staking.unstake(from: bench.node))
        }
        try await bench.chain.ask("evm_setAutomine", true)
        // What it was for is done: the same call again is that one.
        #expect(try await next.perform(bench.approval).transaction == record.latest.hash)
        #expect(await bench.store.records.map(\.state) == [.included])
        #expect(try await bench.count() == 1)
        #expect(try await next.perform(bench.approval).transaction != record.latest.hash, "its end was seen")
    }

    @Test("an earlier process's transaction is taken up until somebody was told that its block stays")
    func takenUp() async throws {
        let bench = try await ChainBench()
        try await bench.chain.ask("dev_setFinalityLag", 3)
        let receipt = try await bench.queue.perform(bench.approval, tells: false)
        let other = try bench.again()
        #expect(try await other.takeUp(bench.staking.unstake(from: bench.node)) == nil, "another call")
        #expect(try await other.takeUp(bench.approval)?.transaction == receipt.transaction)
        for _ in 0..<4 { try await bench.chain.ask("evm_mine") }
        // Whoever waited for it has gone; another process sees that its block stays.
        try await other.settle()
        #expect(await bench.store.records.map(\.state) == [.final])
        #expect(try await other.takeUp(bench.approval)?.transaction == receipt.transaction)
        _ = try await other.finalise(receipt, within: .seconds(10))
        #expect(try await other.takeUp(bench.approval) == nil)
        #expect(try await bench.count() == 1)
    }

    @Test("a reorganisation that drops the transaction makes it come again; one that keeps it changes nothing")
    func reorganisation() async throws {
        let bench = try await ChainBench()
        try await bench.chain.ask("dev_setFinalityLag", 3)
        for keeps in [true, false] {
            let receipt = try await bench.approve()
            async let final = bench.queue.finalise(receipt, within: .seconds(20))
            try await bench.chain.ask("dev_reorg", 1, .bool(keeps))
            try await Task.sleep(for: .milliseconds(500))
            for _ in 0..<4 { try await bench.chain.ask("evm_mine") }
            let found = try await final
            #expect(found.transaction == receipt.transaction)
            if !keeps { #expect(found.blockHash != receipt.blockHash) }
        }
        #expect(await bench.store.records.map(\.state) == [.final, .final])
        #expect(try await bench.count() == 2)
        // Dropped before its maker was told: it comes again, and is what the next one asks for.
        let receipt = try await bench.queue.perform(bench.approval, tells: false)
        try await bench.chain.ask("evm_setAutomine", false)
        try await bench.chain.ask("dev_reorg", 1, false)
        async let again = bench.again { $0.inclusion = .seconds(10) }.perform(bench.approval)
        try await bench.waitForPending()
        try await bench.chain.ask("evm_setAutomine", true)
        #expect(try await again.transaction == receipt.transaction)
        #expect(try await bench.count() == 3)
    }

    @Test("what is not final in time is said to be in a block")
    func notFinal() async throws {
        let bench = try await ChainBench()
        try await bench.chain.ask("dev_setFinalityLag", 30)
        let receipt = try await bench.approve()
        await #expect(throws: TransactionError.notFinal(hash: receipt.transaction)) {
            try await bench.queue.finalise(receipt, within: .milliseconds(300))
        }
    }
}
