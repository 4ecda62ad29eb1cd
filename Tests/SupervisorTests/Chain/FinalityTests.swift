import Ethereum
import Shared
import Synchronization
import TestChain
import Testing

@testable import Supervisor

/// Each step that a command reports, on a chain whose last three blocks may still be dropped.
@Suite("Done is what will stay", .serialized)
struct FinalityTests {
    enum Step: CaseIterable, Sendable { case stake, unstake, withdraw, register }
    /// Of the step's block, before it is safe.
    enum Fate: CaseIterable, Sendable { case stays, minedAgain, dropped }

    @Test(
        "a step is done when its block will stay: none before, also where a reorganisation keeps or drops it",
        arguments: Step.allCases, Fate.allCases)
    func done(step: Step, fate: Fate) async throws {
        let bench = try await WatchBench()
        try await bench.prepare(step)
        try await bench.chain.ask("dev_setFinalityLag", 3)
        let before = try await bench.count()
        let waits = Mutex(false)
        let isDone = Mutex(false)
        let making = Task {
            let receipt = try await bench.make(step) { told in
                if told == .waitingForFinality { waits.withLock { $0 = true } }
            }
            isDone.withLock { $0 = true }
            return try #require(receipt)
        }
        defer { making.cancel() }
        let end = ContinuousClock.now + .seconds(20)
        while !waits.withLock({ $0 }) {
            try #require(ContinuousClock.now < end)
            try await Task.sleep(for: .milliseconds(10))
        }
        try await bench.looksTwice()
        #expect(!isDone.withLock { $0 })
        if fate != .stays {
            let sent = try await bench.chain.calls(of: "eth_sendRawTransaction")
            try await bench.chain.ask("dev_reorg", 1, .bool(fate == .minedAgain))
            if fate == .dropped { try await bench.chain.wait(for: sent + 1, of: "eth_sendRawTransaction") }
            try await bench.looksTwice()
            #expect(!isDone.withLock { $0 })
        }
        for _ in 0..<4 { try await bench.chain.ask("evm_mine") }
        let receipt = try await making.value
        #expect(receipt.succeeded)
        #expect(try await bench.access.rpc.receipt(of: receipt.transaction) == receipt, "the block that stayed")
        #expect(try await bench.count() == before + (step == .stake ? 2 : 1), "nothing twice")
    }
}

extension WatchBench {
    /// What must have been done before `step`.
    fileprivate func prepare(_ step: FinalityTests.Step) async throws {
        guard step == .unstake || step == .withdraw else { return }
        try await stake()
        guard step == .withdraw else { return }
        _ = try await make(.unstake) { _ in }
        try await chain.ask("dev_advanceTime", 345_601)
    }

    fileprivate func make(
        _ step: FinalityTests.Step, telling: @escaping ChainStep.Listener
    ) async throws -> Receipt? {
        let stake = Stake(access, node: node)
        func agree<Standing, Cost>(_: Standing, _: Cost) -> Bool { true }
        switch step {
        case .stake: return try await stake.stake(Amount(whole: 1000), over: queue, agree: agree, telling: telling)
        case .unstake: return try await stake.unstake(over: queue, agree: agree, telling: telling)
        case .withdraw: return try await stake.withdraw(over: queue, agree: agree, telling: telling)
        case .register:
            let certificate = Certificate(
                hash: "00ff", expiry: 4_000_000_000, tier: 0, backend: "mock", models: ["mock"])
            return try await Registration(access, wallet: wallet).register(
                certificate, over: queue, agree: { _ in true }, telling: telling)
        }
    }

    /// Waits until the node has asked for the transaction twice more.
    fileprivate func looksTwice() async throws {
        let method = "eth_getTransactionReceipt"
        try await chain.wait(for: chain.calls(of: method) + 2, of: method)
    }
}
