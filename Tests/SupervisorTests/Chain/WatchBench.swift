import Ethereum
import HTTPTransport
import LocalNode
import Logging
import Shared
import TestChain
import Testing

@testable import Supervisor

/// Remembers the events of a log.
final class RecordedLog: LogHandler, @unchecked Sendable {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug
    // Written by one task after the other: the tests wait for each look.
    private(set) var events: [String] = []
    private(set) var reasons: [String] = []

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        events.append("\(event.message)")
        if let reason = event.metadata?["reason"] { reasons.append("\(reason)") }
    }
}

/// A node's wallet, its journal and its watch on a chain of its own.
struct WatchBench {
    let chain: TestChain
    let access: ChainAccess
    let watch: ChainWatch
    let commitments: ExecutionCommitments
    let hold = ClaimHold()
    let journal: Journal
    let node: Address
    let log = RecordedLog()
    /// The main one.
    let registry: NodeRegistryContract
    let wallet: PrivateKey
    let queue: TransactionQueue
    private let folder: TemporaryFolder

    /// The node's address as an argument of a call.
    var argument: String { String(repeating: "0", count: 24) + node.checksummed.dropFirst(2).lowercased() }

    /// - Parameters:
    ///   - neighbour: shares its chain.
    ///   - wallet: of another node; nil for one of its own.
    ///   - watched: what the node takes for its registry: a contract's name, or an address.
    ///   - setting: by which it is named; those before it are left out.
    ///   - extra: more settings.
    init(
        grace: Int = 950_400, all: Bool = false, beside neighbour: WatchBench? = nil,
        with wallet: PrivateKey? = nil, watching watched: String = "NodeRegistry",
        as setting: Setting = .nodeRegistryAddress, _ extra: [Setting: SettingValue] = [:]
    ) async throws {
        self.wallet = try wallet ?? PrivateKey.generate()
        node = self.wallet.address
        if let neighbour {
            chain = neighbour.chain
            try await chain.fund(node.checksummed)
        } else {
            chain = try await TestChain(funding: [node.checksummed], all: all, grace: grace)
        }
        folder = try TemporaryFolder()
        let contracts = chain.contracts
        func address(_ name: String) throws -> SettingValue { .text(try #require(contracts[name])) }
        var values: [Setting: SettingValue] = [
            .rpcURL: .list([chain.url]), .stakingAddress: try address("BlindferenceStaking"),
            .nodeRegistryAddress: .text(Address.zero.checksummed),
            .nodeOperatorRegistryAddress: .text(Address.zero.checksummed),
        ].merging([setting: .text(contracts[watched] ?? watched)]) { $1 }.merging(extra) { $1 }
        if chain.contracts["ExecutionCommitmentRegistry"] != nil {
            values[.commitmentRegistryAddress] = try address("ExecutionCommitmentRegistry")
        }
        let configuration = try Configuration(directory: folder.directory, values: values, notes: [])
        access = try #require(ChainAccess(configuration, client: try CurlClient()))
        registry = NodeRegistryContract(
            Contract(try Address(try #require(contracts["NodeRegistry"])), access.rpc))
        journal = try Journal(path: folder.path("journal.sqlite"))
        var patience = TransactionQueue.Patience()
        patience.lag = .seconds(1)
        patience.longestPoll = .milliseconds(50)
        queue = TransactionQueue(
            rpc: access.rpc, key: self.wallet, fees: access.fees, store: journal, lockPath: folder.path("lock"),
            patience: patience)
        let logger = Logger(label: "test") { [log] _ in log }
        watch = ChainWatch(access, queue: queue, journal: journal, hold: hold, log: logger)
        commitments = ExecutionCommitments(access, queue: queue, journal: journal, log: logger)
    }

    /// The wallet's transactions in blocks.
    func count() async throws -> UInt64 { try await access.rpc.transactionCount(of: node) }

    func register(for seconds: UInt64 = 1_000_000) async throws {
        let now = try await access.rpc.block().timestamp
        _ = try await queue.perform(
            registry.register(
                tier: 0, attestationHash: [UInt8](repeating: 1, count: 32), expires: now + seconds, models: ["mock"],
                stake: .zero, from: node))
    }

    func stake() async throws {
        _ = try await Stake(access, node: node).stake(
            Amount(whole: 1000), over: queue, agree: { _, _ in true }, telling: { _ in })
    }

    /// What the coordinator does to this node at the staking contract.
    func fromCoordinator(_ selector: String) async throws {
        try await chain.send(
            from: chain.icl, to: access.staking.address.checksummed, selector + argument)
    }

    func intents() async throws -> [String] { try await journal.intents() }
}
