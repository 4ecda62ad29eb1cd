import Ethereum
import Foundation
import HTTPTransport
import Shared
import TestChain
import Testing

/// A chain, a funded wallet, and its queue with little patience.
final class ChainBench: Sendable {
    let chain: TestChain
    let key: PrivateKey
    let store = MemoryStore()
    let client: CurlClient
    let rpc: RPCClient
    let queue: TransactionQueue
    let staking: StakingContract
    let token: TokenContract
    let registry: NodeRegistryContract
    private let folder: TemporaryFolder

    var node: Address { key.address }

    /// - Parameters:
    ///   - all: the older registries and the one of commitments as well.
    ///   - timeout: for one exchange with the chain.
    init(
        all: Bool = false, timeout: Duration = .seconds(10),
        _ adjust: (inout TransactionQueue.Patience) -> Void = { _ in }
    ) async throws {
        key = try PrivateKey.generate()
        chain = try await TestChain(funding: [key.address.checksummed], all: all)
        folder = try TemporaryFolder()
        let quick = RetryPolicy(
            attempts: 3, firstDelay: .milliseconds(5), longestDelay: .milliseconds(20), budget: .seconds(120))
        client = try CurlClient()
        rpc = RPCClient(
            endpoints: [try ServiceURL(chain.url)], chainID: 421_614, client: client, retries: quick, timeout: timeout)
        var patience = ChainBench.patience
        adjust(&patience)
        queue = ChainBench.queue(rpc, key, store, folder.path("lock"), patience)
        let contract = { [rpc, chain] name in try ChainBench.contract(name, chain, rpc) }
        staking = StakingContract(try contract("BlindferenceStaking"))
        token = TokenContract(try contract("BLIND"))
        registry = NodeRegistryContract(try contract("NodeRegistry"))
    }

    func contract(_ name: String) throws -> Contract { try ChainBench.contract(name, chain, rpc) }

    private static func contract(_ name: String, _ chain: TestChain, _ rpc: RPCClient) throws -> Contract {
        Contract(try Address(try #require(chain.contracts[name])), rpc)
    }

    private static var patience: TransactionQueue.Patience {
        var patience = TransactionQueue.Patience()
        patience.lock = .seconds(10)
        patience.inclusion = .seconds(10)
        patience.resend = .milliseconds(200)
        patience.lag = .seconds(1)
        patience.poll = .milliseconds(20)
        patience.longestPoll = .milliseconds(50)
        return patience
    }

    private static func queue(
        _ rpc: RPCClient, _ key: PrivateKey, _ store: MemoryStore, _ lockPath: String,
        _ patience: TransactionQueue.Patience
    ) -> TransactionQueue {
        TransactionQueue(
            rpc: rpc, key: key, fees: FeePolicy(ceiling: Amount(units: 10_000_000_000)), store: store,
            lockPath: lockPath, patience: patience)
    }

    /// The queue of another process that has the same folder.
    func again(_ adjust: (inout TransactionQueue.Patience) -> Void = { _ in }) throws -> TransactionQueue {
        var patience = ChainBench.patience
        patience.inclusion = .seconds(1)
        adjust(&patience)
        return ChainBench.queue(rpc, key, store, folder.path("lock"), patience)
    }

    /// The queue of another program that has the same key, and a folder and records of its own.
    func stranger() -> TransactionQueue {
        ChainBench.queue(rpc, key, MemoryStore(), folder.path("other"), ChainBench.patience)
    }

    /// The queue of another wallet, with money in it.
    func queue(of other: PrivateKey) async throws -> TransactionQueue {
        try await chain.fund(other.address.checksummed)
        return ChainBench.queue(rpc, other, MemoryStore(), folder.path(other.address.checksummed), ChainBench.patience)
    }

    func waitForPending() async throws {
        let end = ContinuousClock.now + .seconds(10)
        while try await rpc.transactionCount(of: node, at: .pending) == count() {
            try #require(ContinuousClock.now < end, "a transaction waits for a block")
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    var approval: Intent { token.approve(Amount(whole: 1000), to: staking.address, from: node) }

    func approve() async throws -> Receipt { try await queue.perform(approval) }

    func stakeThousand() async throws -> Receipt {
        _ = try await approve()
        return try await queue.perform(staking.stake(Amount(whole: 1000), from: node))
    }

    /// Expects that the transaction fails like this.
    func refuses(
        _ intent: Intent, _ expected: TransactionError, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        await #expect(throws: expected, sourceLocation: sourceLocation) { try await queue.perform(intent) }
    }

    /// The wallet's transactions in blocks.
    func count() async throws -> UInt64 { try await rpc.transactionCount(of: node) }

    func waitForVersion(_ number: Int) async throws {
        let end = ContinuousClock.now + .seconds(10)
        while await store.records.last?.versions.count ?? 0 < number {
            try #require(ContinuousClock.now < end, "another version is signed")
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func waitForRecord(_ number: Int = 1) async throws {
        let end = ContinuousClock.now + .seconds(10)
        while await store.records.count < number {
            try #require(ContinuousClock.now < end, "a transaction is signed")
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// Records in memory, with crashes where a disk or a process would have them.
actor MemoryStore: TransactionStore {
    enum Crash: Sendable { case beforeSaving, afterSaving, beforeSecondSave, afterSecondVersion }
    struct Crashed: Error {}

    private(set) var records: [TransactionRecord] = []
    private var crash: Crash?

    func crash(_ crash: Crash?) { self.crash = crash }

    func openTransactions(of sender: Address, chainID: UInt64, recent: Int) -> [TransactionRecord] {
        records.filter {
            $0.sender == sender && ($0.state.isOpen || $0.state == .final && !$0.isTold && $0.createdAt > recent)
        }
    }

    func save(_ record: TransactionRecord) throws {
        if crash == .beforeSaving { throw Crashed() }
        if let index = records.firstIndex(where: { $0.versions[0] == record.versions[0] }) {
            if crash == .beforeSecondSave { throw Crashed() }
            records[index] = record
            if crash == .afterSecondVersion, record.versions.count == 2 { throw Crashed() }
        } else {
            records.append(record)
            if crash == .afterSaving { throw Crashed() }
        }
    }
}
