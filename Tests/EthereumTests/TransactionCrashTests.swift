import Ethereum
import Testing

@Suite("Transactions: crashes in between, and others who use the wallet", .serialized)
struct TransactionCrashTests {
    @Test("a crash between the record and the sending, or after it, sends once")
    func crashes() async throws {
        let bench = try await ChainBench()
        for crash in [MemoryStore.Crash.afterSaving, .beforeSecondSave] {
            await bench.store.crash(crash)
            await #expect(throws: (any Error).self) { try await bench.approve() }
            await bench.store.crash(nil)
            let before = await bench.store.records.count
            _ = try await bench.again().perform(bench.approval)
            #expect(await bench.store.records.count == before)
            #expect(await bench.store.records.last?.state == .included)
            try await bench.again().settle()
            #expect(await bench.store.records.last?.state == .final)
        }
        #expect(try await bench.count() == 2)
    }

    @Test("what another process brought to its end is still the transaction of whoever asked for it, once")
    func endedByOthers() async throws {
        let bench = try await ChainBench { $0.inclusion = .milliseconds(300) }
        try await bench.chain.ask("evm_setAutomine", false)
        await #expect(throws: TransactionError.self) { try await bench.approve() }
        try await bench.chain.ask("evm_setAutomine", true)
        // A node that runs meanwhile sends its heartbeat, say.
        let other = try bench.again()
        for _ in 0..<2 { try await other.settle() }
        #expect(await bench.store.records.map(\.state) == [.final])
        let hash = await bench.store.records[0].latest.hash
        #expect(try await bench.queue.takeUp(bench.staking.unstake(from: bench.node)) == nil, "another call")
        #expect(try await bench.again().perform(bench.approval).transaction == hash)
        #expect(try await bench.count() == 1)
        #expect(try await bench.again().perform(bench.approval).transaction != hash)
        #expect(try await bench.again().takeUp(bench.approval)?.transaction != hash)
        #expect(try await bench.count() == 2)
    }

    @Test("a record that cannot be kept keeps the transaction from being sent")
    func unrecorded() async throws {
        let bench = try await ChainBench()
        await bench.store.crash(.beforeSaving)
        await bench.refuses(bench.approval, .unrecorded)
        #expect(try await bench.count() == 0)
    }

    @Test("processes that share a wallet's folder take turns; one that waits too long says so")
    func turns() async throws {
        let bench = try await ChainBench()
        let other = try bench.again()
        async let first = bench.approve()
        async let second = other.perform(bench.approval)
        #expect(try await first.transaction != second.transaction)
        #expect(try await bench.count() == 2)
        try await bench.chain.ask("evm_setAutomine", false)
        let slow = Task { try await bench.approve() }
        try await bench.waitForRecord(3)
        let hurried = try bench.again { $0.lock = .milliseconds(100) }
        await #expect(throws: TransactionError.busy) { try await hurried.perform(bench.approval) }
        try await bench.chain.ask("evm_setAutomine", true)
        _ = try await slow.value
    }
}
