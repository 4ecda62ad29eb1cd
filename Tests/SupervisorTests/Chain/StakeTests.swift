import Ethereum
import HTTPTransport
import LocalNode
import Shared
import Synchronization
import TestChain
import Testing

@testable import Supervisor

/// What a failed stake leaves behind, on a chain with the real contracts.
@Suite("A stake that does not come about")
struct StakeTests {
    @Test("its allowance is taken back, and the reason stays")
    func reset() async throws {
        let bench = try await StakeBench()
        bench.client.refuses = ["a694fc3a"]
        let error = await #expect(throws: ChainFailure.self) { try await bench.stakeThousand() }
        #expect(error == .transaction(.rpc(StakeBench.refusal)))
        #expect(try await bench.allowance() == .zero)
        #expect(try await bench.intents() == ["approve", "approve"])
    }

    @Test("an allowance that cannot be taken back is named, and the next stake uses it up")
    func stands() async throws {
        let bench = try await StakeBench()
        bench.client.refuses = ["a694fc3a", StakeBench.approvalOfNothing]
        let error = await #expect(throws: ChainFailure.self) { try await bench.stakeThousand() }
        #expect(error == .allowanceStands(Amount(whole: 1000), after: .transaction(.rpc(StakeBench.refusal))))
        #expect(try await bench.allowance() == Amount(whole: 1000))
        #expect(try await bench.standing().allowance == Amount(whole: 1000), "as staking status shows it")
        bench.client.refuses = []
        #expect(try await bench.stakeThousand() != nil)
        #expect(try await bench.allowance() == .zero)
        #expect(try await bench.intents() == ["approve", "stake"], "no second approval")
    }

    @Test("one that came about behind an endpoint that went away has succeeded, at once or at the next command")
    func hidden() async throws {
        let bench = try await StakeBench()
        // Four tries at the receipt of the stake; then its end can be seen.
        bench.client.hidesReceipts(4, afterSending: 2)
        #expect(try await bench.stakeThousand() != nil)
        #expect(try await bench.intents() == ["approve", "stake"])
        #expect(try await bench.allowance() == .zero)
        bench.client.hidesReceipts(1000, afterSending: 4)
        _ = try await bench.leavesAllowance()
        bench.client.hidesReceipts(0, afterSending: 0)
        #expect(try await bench.stakeThousand() != nil)
        #expect(try await bench.intents() == ["approve", "stake", "approve", "stake"], "nothing twice")
        #expect(try await bench.staked() == Amount(whole: 2000))
    }

    @Test("an approval that is in no block yet is named, and the next stake uses it up")
    func approvalPending() async throws {
        let bench = try await StakeBench()
        try await bench.chain.ask("evm_setAutomine", false)
        #expect(ChainFailure.code(of: try await bench.leavesAllowance()) == "transaction_pending")
        try await bench.chain.ask("evm_setAutomine", true)
        #expect(try await bench.stakeThousand() != nil)
        #expect(try await bench.intents() == ["approve", "stake"])
        #expect(try await bench.allowance() == .zero)
        // Nobody was told of that approval, but it is used up: the next stake needs another.
        #expect(try await bench.stakeThousand() != nil)
        #expect(try await bench.intents() == ["approve", "stake", "approve", "stake"])
        #expect(try await bench.staked() == Amount(whole: 2000))
    }

    @Test("an approval that is still on its way is not taken for none")
    func approvalUnderWay() async throws {
        let bench = try await StakeBench()
        try await bench.chain.ask("evm_setAutomine", false)
        // After it was sent its receipt is asked for four times in vain.
        bench.client.hidesReceipts(4, afterSending: 1)
        #expect(ChainFailure.code(of: try await bench.leavesAllowance()) == "rpc_unreachable")
        try await bench.chain.ask("evm_setAutomine", true)
        #expect(try await bench.stakeThousand() != nil)
        #expect(try await bench.intents() == ["approve", "stake"])
        #expect(try await bench.allowance() == .zero)
    }

    @Test("an approval behind an endpoint that went away may stand; one that was never signed does not")
    func approvalUnknown() async throws {
        let bench = try await StakeBench()
        bench.client.refuses = ["095ea7b3"]
        let refused = await #expect(throws: ChainFailure.self) { try await bench.stakeThousand() }
        #expect(refused == .transaction(.rpc(StakeBench.refusal)))
        #expect(try await bench.intents().isEmpty)
        bench.client.refuses = []
        bench.client.hidesReceipts(1000, afterSending: 1)
        _ = try await bench.leavesAllowance()
        // It is found, and taken back because the stake is refused.
        bench.client.hidesReceipts(0, afterSending: 0)
        bench.client.refuses = ["a694fc3a"]
        await #expect(throws: ChainFailure.self) { try await bench.stakeThousand() }
        #expect(try await bench.allowance() == .zero)
        #expect(try await bench.intents() == ["approve", "approve"])
    }

    @Test(
        "one whose command went away before its block was sure to stay is the next command's, and the third makes another"
    )
    func interrupted() async throws {
        let bench = try await StakeBench()
        try await bench.chain.ask("dev_setFinalityLag", 100)
        // All there is: the balance is gone before the next command looks.
        let command = Task { try await bench.stake(Amount(whole: 10_000)) }
        let end = ContinuousClock.now + .seconds(20)
        while try await bench.staked() == .zero { try #require(ContinuousClock.now < end) }
        try await Task.sleep(for: .milliseconds(300))
        command.cancel()
        await #expect(throws: (any Error).self) { try await command.value }
        try await bench.chain.ask("dev_setFinalityLag", 0)
        // What a running node does each minute.
        try await bench.settle()
        #expect(try await bench.stake(Amount(whole: 10_000)) != nil)
        #expect(try await bench.intents() == ["approve", "stake"])
        await #expect(throws: ChainFailure.notEnough(has: .zero, needed: Amount(whole: 10_000))) {
            try await bench.stake(Amount(whole: 10_000))
        }
        try await bench.fund()
        #expect(try await bench.stake(Amount(whole: 10_000)) != nil)
        #expect(try await bench.staked() == Amount(whole: 20_000))
    }

    @Test("an allowance of another size is replaced, so that nothing of it stands", arguments: [999, 5000] as [UInt64])
    func otherAllowance(_ size: UInt64) async throws {
        let bench = try await StakeBench()
        try await bench.approve(Amount(whole: size))
        #expect(try await bench.allowance() == Amount(whole: size))
        #expect(try await bench.stakeThousand() != nil)
        #expect(try await bench.allowance() == .zero)
        #expect(try await bench.intents() == ["approve", "approve", "stake"])
    }

    @Test("nothing is signed where the caller does not agree")
    func declined() async throws {
        let bench = try await StakeBench()
        #expect(try await bench.stakeThousand(agree: false) == nil)
        #expect(try await bench.intents().isEmpty)
    }
}

/// A funded wallet with a journal, behind an endpoint that refuses some calls.
private struct StakeBench {
    static let refusal = RPCError.refused(code: -32000, message: "out of sorts", data: nil)
    /// `approve(…, 0)`, as far as its end.
    static let approvalOfNothing = String(repeating: "0", count: 64) + "\""

    let client: MeddlingClient
    let chain: TestChain
    private let access: ChainAccess
    private let stake: Stake
    private let queue: TransactionQueue
    private let journal: Journal
    private let node: Address
    private let folder: TemporaryFolder

    init() async throws {
        let key = try PrivateKey.generate()
        node = key.address
        chain = try await TestChain(funding: [node.checksummed])
        folder = try TemporaryFolder()
        let staking = try #require(chain.contracts["BlindferenceStaking"])
        client = MeddlingClient(inner: try CurlClient())
        let configuration = try Configuration(
            directory: folder.directory,
            values: [.rpcURL: .list([chain.url]), .stakingAddress: .text(staking)], notes: [])
        access = try #require(ChainAccess(configuration, client: client))
        journal = try Journal(path: folder.path("journal.sqlite"))
        var patience = TransactionQueue.Patience()
        patience.inclusion = .seconds(3)
        queue = TransactionQueue(
            rpc: access.rpc, key: key, fees: access.fees, store: journal, lockPath: folder.path("lock"),
            patience: patience)
        stake = Stake(access, node: node)
    }

    func stakeThousand(agree: Bool = true) async throws -> Receipt? {
        try await stake(Amount(whole: 1000), agree: agree)
    }

    func stake(_ amount: Amount, agree: Bool = true) async throws -> Receipt? {
        try await stake.stake(amount, over: queue, agree: { _, _ in agree }, telling: { _ in })
    }

    /// Expects that a stake of 1000 fails, and names the allowance that it leaves; why it failed.
    func leavesAllowance() async throws -> TransactionError {
        let error = await #expect(throws: ChainFailure.self) { try await stakeThousand() }
        guard case .allowanceStands(Amount(whole: 1000), .transaction(let cause)) = try #require(error) else {
            throw try #require(error)
        }
        return cause
    }

    /// 10,000 BLIND more.
    func fund() async throws { try await chain.fund(node.checksummed) }

    func approve(_ amount: Amount) async throws {
        let token = try await access.token()
        _ = try await queue.perform(token.approve(amount, to: access.staking.address, from: node))
    }

    func settle() async throws { try await queue.settle() }

    func standing() async throws -> Stake.Standing { try await stake.standing() }

    func allowance() async throws -> Amount {
        try await access.token().allowance(of: node, to: access.staking.address)
    }

    func staked() async throws -> Amount { try await access.staking.info(of: node).staked }

    /// Of all transactions that were signed, in their order.
    func intents() async throws -> [String] { try await journal.intents() }
}

/// Refuses to estimate calls whose data have one of some texts in them, and hides receipts.
private final class MeddlingClient: HTTPClient {
    private let inner: CurlClient
    private let texts = Mutex<[String]>([])
    private struct Hiding { var sendings = 0, receipts = 0, since = 0 }
    private let hiding = Mutex(Hiding())

    init(inner: CurlClient) { self.inner = inner }

    var refuses: [String] {
        get { texts.withLock { $0 } }
        set { texts.withLock { $0 = newValue } }
    }

    /// As many questions for a receipt go unanswered, once so many transactions were sent.
    func hidesReceipts(_ count: Int, afterSending since: Int) {
        hiding.withLock { ($0.receipts, $0.since) = (count, since) }
    }

    func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        let body = String(decoding: request.body, as: UTF8.self)
        let isHidden = hiding.withLock { hiding in
            if body.contains("eth_sendRawTransaction") { hiding.sendings += 1 }
            guard body.contains("eth_getTransactionReceipt"), hiding.sendings >= hiding.since, hiding.receipts > 0
            else { return false }
            hiding.receipts -= 1
            return true
        }
        guard !isHidden else { throw .connectFailed }
        guard body.contains("eth_estimateGas"), refuses.contains(where: { body.contains($0) }) else {
            return try await inner.send(request)
        }
        let id = (try? JSONValue(parsing: request.body)["id"]?.int) ?? 0
        let answer = #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":-32000,"message":"out of sorts"}}"#
        return HTTPResponse(status: 200, body: Array(answer.utf8))
    }
}
