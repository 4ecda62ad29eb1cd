import Ethereum
import Shared
import Testing

/// The endpoint loses what it is given, or lies about it, after the signature.
@Suite("Transactions: lies and losses after the signature", .serialized)
struct TransactionFaultTests {
    @Test("a transaction that an endpoint swallows, or does not answer for, is sent again as the same bytes")
    func swallowed() async throws {
        let bench = try await ChainBench()
        let hash = "0x" + String(repeating: "0", count: 64)
        try await bench.chain.fault("eth_sendRawTransaction", ["result": .string(hash)])
        _ = try await bench.approve()
        try await bench.chain.fault("eth_sendRawTransaction", ["http": 503], count: 2)
        _ = try await bench.approve()
        // The chain has it, and the answer is lost.
        try await bench.chain.fault("eth_sendRawTransaction", ["lost": true])
        _ = try await bench.approve()
        try await bench.chain.fault("eth_sendRawTransaction", ["http": 429], count: 2)
        _ = try await bench.approve()
        #expect(await bench.store.records.allSatisfy { $0.versions.count == 1 })
        #expect(await bench.store.records.count == 4)
        #expect(try await bench.count() == 4)
    }

    @Test("an endpoint that takes the bytes and stays silent may have sent them: no others are signed")
    func silent() async throws {
        let bench = try await ChainBench(timeout: .seconds(3))
        try await bench.chain.fault("eth_sendRawTransaction", ["sleep": 5])
        _ = try await bench.approve()
        #expect(await bench.store.records.map(\.versions.count) == [1])
        #expect(try await bench.count() == 1)
    }

    @Test(
        "a refusal says nothing where the bytes may be out: after an answer that was lost, and from a second endpoint")
    func refusedAfterwards() async throws {
        let bench = try await ChainBench()
        let refusal: JSONValue = ["error": ["code": -32000, "message": "insufficient funds for gas * price"]]
        // The chain takes the bytes without a word, and refuses them from then on, for a while.
        try await bench.chain.ask("evm_setAutomine", false)
        try await bench.chain.ask(
            "dev_fault", "eth_sendRawTransaction", .array([["lost": true]] + Array(repeating: refusal, count: 3)))
        async let receipt = bench.approve()
        try await bench.waitForPending()
        try await Task.sleep(for: .milliseconds(700))
        try await bench.chain.ask("evm_setAutomine", true)
        #expect(try await receipt.succeeded)
        #expect(await bench.store.records.map(\.state) == [.included])
        // An endpoint's own failure is no word of the chain.
        try await bench.chain.fault(
            "eth_sendRawTransaction", ["error": ["code": -32603, "message": "internal error"]], count: 2)
        _ = try await bench.approve()
        #expect(try await bench.count() == 2)
    }

    @Test("bytes that may be out and that the chain refuses keep their number, and its words are handed on")
    func refusedForGood() async throws {
        let bench = try await ChainBench()
        await bench.store.crash(.afterSaving)
        await #expect(throws: (any Error).self) { try await bench.approve() }
        await bench.store.crash(nil)
        try await bench.chain.fault(
            "eth_sendRawTransaction", ["error": ["code": -32000, "message": "insufficient funds for gas * price"]],
            count: 1000)
        let hash = await bench.store.records[0].latest.hash
        await #expect(throws: TransactionError.pending(hash: hash, refusal: "insufficient funds for gas * price")) {
            try await bench.again().perform(bench.approval)
        }
        try await bench.chain.ask("dev_fault", "eth_sendRawTransaction", [])
        #expect(try await bench.again().perform(bench.approval).transaction == hash)
        #expect(await bench.store.records.map(\.state) == [.included])
    }

    @Test("a block without a base fee is no ground for a signature; a receipt without a status is no receipt")
    func incomplete() async throws {
        let bench = try await ChainBench()
        let malformed = TransactionError.rpc(.malformed(host: "127.0.0.1"))
        try await bench.chain.fault("eth_getBlockByNumber", ["without": "baseFeePerGas"], count: 3)
        await bench.refuses(bench.approval, malformed)
        #expect(await bench.store.records.isEmpty)
        // Asked once before it is sent, and three times after.
        try await bench.chain.fault("eth_getTransactionReceipt", ["without": "status"], count: 4)
        await bench.refuses(bench.approval, malformed)
        #expect(await bench.store.records.map(\.state) == [.signed])
        _ = try await bench.approve()
        #expect(await bench.store.records.map(\.state) == [.included])
        #expect(try await bench.count() == 1)
    }

    @Test(
        "a refusal that may hide that the chain has it already is no refusal: the same bytes go again",
        arguments: [
            "already known", "nonce too high: address 0x00, tx: 1 state: 0", "replacement transaction underpriced",
            "transaction underpriced",
        ])
    func hidden(message: String) async throws {
        let bench = try await ChainBench()
        try await bench.chain.fault("eth_sendRawTransaction", ["error": ["code": -32000, "message": .string(message)]])
        _ = try await bench.approve()
        #expect(await bench.store.records.map(\.versions.count) == [1])
        #expect(try await bench.count() == 1)
    }

    @Test("a receipt that is null for a while means unknown, also when the number is used by then")
    func receiptLate() async throws {
        let bench = try await ChainBench()
        try await bench.chain.fault("eth_getTransactionReceipt", ["result": .null], count: 6)
        _ = try await bench.approve()
        #expect(await bench.store.records.count == 1)
        #expect(try await bench.count() == 1)
        try await bench.chain.fault("eth_getTransactionReceipt", ["result": .null], count: 12)
        // The first is looked for again before the second is made.
        try await bench.chain.fault(
            "eth_sendRawTransaction", ["error": ["code": -32000, "message": "nonce too low"]], count: 2)
        _ = try await bench.approve()
        #expect(await bench.store.records.count == 2)
        #expect(await bench.store.records.allSatisfy { $0.state != .replaced })
        #expect(try await bench.count() == 2)
    }

    @Test("a base fee that doubles after the signature makes another version of the same number")
    func baseFeeDoubles() async throws {
        let bench = try await ChainBench()
        let before = try await bench.chain.ask("eth_getBlockByNumber", "latest", false)
        try await bench.chain.ask("dev_setBaseFee", .integer(1_000_000_000))
        try await bench.chain.ask("evm_mine")
        try await bench.chain.fault("eth_getBlockByNumber", .object([.init("result", before)]))
        // It dies with the second version on disk, and nothing sent.
        await bench.store.crash(.afterSecondVersion)
        await #expect(throws: (any Error).self) { try await bench.approve() }
        await bench.store.crash(nil)
        let next = try await bench.again().perform(bench.approval)
        let record = try #require(await bench.store.records.first)
        #expect(record.versions.count == 2 && next.transaction == record.latest.hash)
        #expect(try await bench.count() == 1)
    }

    @Test("a number that another program of the same key took makes ours start over, once that is proven")
    func numberTaken() async throws {
        let bench = try await ChainBench()
        _ = try await bench.approve()
        try await bench.chain.fault("eth_getTransactionCount", ["result": "0x0"], count: 2)
        _ = try await bench.approve()
        #expect(await bench.store.records.map(\.state) == [.final, .replaced, .included])
        #expect(try await bench.count() == 2)
        try await bench.chain.fault("eth_getTransactionCount", ["result": "0x0", "except": ["safe"]], count: 6)
        await bench.refuses(bench.approval, .keyInUseElsewhere)
        #expect(try await bench.count() == 2)
    }

    @Test("two programs that use one key and one number sign bytes of their own: each makes a transaction, or says so")
    func sameNumber() async throws {
        let bench = try await ChainBench()
        try await bench.chain.fault("eth_sendRawTransaction", ["sleep": 2])
        async let slow = bench.approve()
        try await bench.waitForRecord()
        let quick = try await bench.stranger().perform(bench.approval)
        #expect(try await slow.transaction != quick.transaction)
        #expect(await bench.store.records.map(\.state) == [.replaced, .included])
        #expect(try await bench.count() == 2)
    }

    @Test("until the block that took the number will stay, ours may still come true, and nothing is signed beside it")
    func numberTakenForNow() async throws {
        let bench = try await ChainBench { $0.inclusion = .seconds(3) }
        try await bench.chain.ask("dev_setFinalityLag", 100)
        _ = try await bench.stranger().perform(bench.approval)
        try await bench.chain.fault("eth_getTransactionCount", ["result": "0x0", "except": ["safe"]], count: 2)
        let error = await #expect(throws: TransactionError.self) { try await bench.approve() }
        guard case .pending = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(await bench.store.records.map(\.state) == [.signed])
        try await bench.chain.ask("dev_setFinalityLag", 0)
        _ = try await bench.approve()
        #expect(await bench.store.records.map(\.state) == [.replaced, .included])
        #expect(try await bench.count() == 2)
    }

    @Test("where another program's transaction waits for a block, nothing is signed behind it")
    func numberPromised() async throws {
        let bench = try await ChainBench()
        try await bench.chain.ask("evm_setAutomine", false)
        let stranger = bench.stranger()
        let waiting = Task { try await stranger.perform(bench.approval) }
        try await bench.waitForPending()
        await bench.refuses(bench.approval, .keyInUseElsewhere)
        #expect(await bench.store.records.isEmpty)
        try await bench.chain.ask("evm_setAutomine", true)
        _ = try await waiting.value
        _ = try await bench.approve()
        #expect(try await bench.count() == 2)
    }

    @Test("the chain's refusal of signed bytes frees their number")
    func refused() async throws {
        let bench = try await ChainBench()
        try await bench.chain.fault(
            "eth_sendRawTransaction", ["error": ["code": -32000, "message": "insufficient funds for gas * price"]])
        await bench.refuses(bench.approval, .refused(message: "insufficient funds for gas * price"))
        #expect(await bench.store.records.map(\.state) == [.refused])
        _ = try await bench.approve()
        #expect(try await bench.count() == 1)
    }

    @Test("what reverts in its block is a failure, with the contract's words")
    func reverted() async throws {
        let bench = try await ChainBench()
        // The simulations lie.
        try await bench.chain.fault("eth_call", ["result": "0x"], count: 2)
        try await bench.chain.fault("eth_estimateGas", ["result": "0x30d40"])
        let error = await #expect(throws: TransactionError.self) {
            try await bench.queue.perform(bench.staking.stake(Amount(whole: 999), from: bench.node))
        }
        guard case .reverted(_, .message("BlindferenceStaking: below min stake")) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(await bench.store.records.map(\.state) == [.failed])
    }
}
