package import HTTPTransport

/// Makes the transactions of one wallet, one at a time, so that nothing is paid twice and nothing is paid blindly
/// (chain.md 6).
///
/// In this order: what was open before is brought to its end; the chain is confirmed; the contract has code; the call is
/// simulated, and a revert costs nothing; gas and fees stay under their ceilings and the balance covers them; the signed
/// bytes are on disk; only then are they sent, and sent again as the same bytes until the chain shows their end.
package actor TransactionQueue {
    /// What a caller at a terminal may want to know while it takes long.
    package enum Progress: Sendable, Equatable {
        /// One that an earlier call left open comes first.
        case waiting(TransactionRecord)
        case sending(TransactionRecord)
        case included(Receipt)
    }
    package typealias Waiting = @Sendable (TransactionRecord) -> Void

    /// Others that use the same key make ours start over; not without end.
    private static let attempts = 3
    /// Units of gas, some of them at random: of two programs that use one key, each has bytes of its own, and cannot take
    /// the other's transaction for its own.
    private static let distinctGas: UInt64 = 10_000
    /// Seconds. Whoever repeats a call later than this means another.
    private static let day = 86_400

    package nonisolated let rpc: RPCClient
    package nonisolated let sender: Address
    private let patience: Patience
    private let surroundings: Surroundings
    private let fees: FeePolicy
    private let key: PrivateKey
    private let store: any TransactionStore
    private let lockPath: String
    private var contracts: Set<Address> = []

    package init(
        rpc: RPCClient, key: PrivateKey, fees: FeePolicy, store: any TransactionStore, lockPath: String,
        patience: Patience = Patience(), surroundings: Surroundings = .system
    ) {
        self.rpc = rpc
        self.key = key
        sender = key.address
        self.fees = fees
        self.store = store
        self.lockPath = lockPath
        self.patience = patience
        self.surroundings = surroundings
    }

    /// Makes the transaction and waits for its block. One that was signed for the same call within a day, and of whose
    /// end nobody was told, is this transaction: nothing is signed beside it.
    ///
    /// - Parameters:
    ///   - isRepeatable: the caller has seen on the chain that the call is needed, whatever was signed before.
    ///   - tells: false where the caller will `finalise`, which tells, or `tell`.
    package func perform(
        _ intent: Intent, isRepeatable: Bool = false, tells: Bool = true,
        progress: @Sendable (Progress) -> Void = { _ in }
    ) async throws(TransactionError) -> Receipt {
        try await alone(waiting: { progress(.waiting($0)) }) { ended in
            if !isRepeatable, let same = ended.first(where: { $0.transaction.makes(intent.call) }) {
                if tells { try await tell(same.record) }
                progress(.included(same.receipt))
                return same.receipt
            }
            for _ in 0..<TransactionQueue.attempts {
                let transaction = try await prepare(intent)
                var record = TransactionRecord(
                    intent: intent.name, sender: sender, event: intent.event, first: transaction.signed(by: key),
                    createdAt: surroundings.unixTime())
                try await store.save(record)
                progress(.sending(record))
                guard let receipt = try await conclude(&record, mayBeOut: false) else { continue }
                progress(.included(receipt))
                guard receipt.succeeded else {
                    throw TransactionError.reverted(hash: receipt.transaction, await reason(of: intent.call))
                }
                guard record.state == .included else {
                    throw TransactionError.withoutEvent(hash: receipt.transaction)
                }
                if tells { try await tell(record) }
                return receipt
            }
            throw TransactionError.keyInUseElsewhere
        }
    }

    /// What the transaction would cost at most, what it carries included; throws what would keep it from being made.
    /// Signs nothing.
    package func quote(_ intent: Intent) async throws(TransactionError) -> Amount {
        try await typed { try await prepare(intent).maximumCost }
    }

    /// As `quote`, for what cannot be simulated yet: all gas that the call may have.
    package func bound(_ intent: Intent) async throws(TransactionError) -> Amount {
        try await typed {
            try fees.maximum(baseFee: try await rpc.block().baseFee) * intent.gasCeiling + intent.call.value
        }
    }

    /// Throws where another transaction of this wallet is on its way. Signs nothing.
    package func confirmFree() async throws(TransactionError) { try await typed { _ = try await nextNumber() } }

    /// Brings to its end what an earlier process left open.
    ///
    /// - Parameter waiting: is told of each whose end is not known yet.
    package func settle(waiting: Waiting = { _ in }) async throws(TransactionError) {
        try await alone(waiting: waiting) { _ in }
    }

    /// Brings to its end what an earlier process left open; the receipt, where that was of this very call, did what it
    /// was for, and nobody was told. `finalise` tells.
    package func takeUp(
        _ intent: Intent, waiting: Waiting = { _ in }
    ) async throws(TransactionError) -> Receipt? {
        try await alone(waiting: waiting) { ended in ended.first { $0.transaction.makes(intent.call) }?.receipt }
    }

    /// Whether `takeUp` may find one; asks nobody.
    package func mayTakeUp(_ intent: Intent) async throws(TransactionError) -> Bool {
        try await typed {
            try await open().contains { try $0.isOwed(since: recent) && $0.latest.transaction().makes(intent.call) }
        }
    }

    /// The caller has written down what came of it. From then on the same call is another transaction.
    package func tell(_ receipt: Receipt) async throws(TransactionError) {
        try await typed {
            for record in try await open() where record.hashes.contains(receipt.transaction) { try await tell(record) }
        }
    }

    /// Waits until the block of the transaction will stay, and the event with it. Where a reorganisation dropped it, it
    /// is sent again, as the same bytes. From then on the same call is another transaction.
    package func finalise(_ receipt: Receipt, within limit: Duration) async throws(TransactionError) -> Receipt {
        try await typed {
            let end = surroundings.elapsed() + limit
            var pause = patience.poll
            while surroundings.elapsed() < end {
                guard var record = try await open().first(where: { $0.hashes.contains(receipt.transaction) }) else {
                    // Another process has seen its end.
                    guard let found = try await rpc.receipt(of: receipt.transaction), found.succeeded else {
                        throw TransactionError.withoutEvent(hash: receipt.transaction)
                    }
                    return found
                }
                if let found = try await follow(&record), record.state != .included {
                    guard record.state == .final else {
                        throw TransactionError.withoutEvent(hash: receipt.transaction)
                    }
                    try await tell(record)
                    return found
                }
                try await surroundings.sleep(pause)
                pause = min(pause * 2, patience.longestPoll)
            }
            throw TransactionError.notFinal(hash: receipt.transaction)
        }
    }

    // MARK: - Making

    /// A transaction of an earlier call, now in a block with its event, of which nobody was told.
    private struct Ended {
        let record: TransactionRecord
        let transaction: Transaction
        let receipt: Receipt
    }

    /// Runs `body` as the only one who uses the wallet, after what was open before has come to its end.
    private func alone<Result>(
        waiting: Waiting, _ body: ([Ended]) async throws -> Result
    ) async throws(TransactionError) -> Result {
        let lock = try await TransactionLock.acquire(lockPath, within: patience.lock)
        defer { lock.release() }
        return try await typed {
            var ended: [Ended] = []
            for var record in try await open() {
                var receipt: Receipt?
                if record.state == .included { receipt = try await follow(&record) }
                if record.state == .final, receipt == nil { receipt = try await self.receipt(of: record) }
                if record.state == .signed {
                    waiting(record)
                    receipt = try await conclude(&record, mayBeOut: true)
                }
                guard let receipt, record.event.isIn(receipt), record.isOwed(since: recent) else { continue }
                ended.append(Ended(record: record, transaction: try record.latest.transaction(), receipt: receipt))
            }
            return try await body(ended)
        }
    }

    private var recent: Int { surroundings.unixTime() - TransactionQueue.day }

    private func open() async throws -> [TransactionRecord] {
        try await store.openTransactions(of: sender, chainID: rpc.chainID, recent: recent)
    }

    private func tell(_ record: TransactionRecord) async throws {
        guard !record.isTold else { return }
        var record = record
        record.isTold = true
        try await store.save(record)
    }

    private func typed<Result>(_ body: () async throws -> Result) async throws(TransactionError) -> Result {
        do { return try await body() } catch let error as TransactionError { throw error } catch let error as RPCError {
            throw .rpc(error)
        } catch is CancellationError { throw .rpc(.cancelled) } catch { throw .unrecorded }
    }

    /// Everything that can be known before a signature.
    private func prepare(_ intent: Intent) async throws -> Transaction {
        var call = intent.call
        try await rpc.confirmChain()
        if !contracts.contains(call.to) {
            guard try await rpc.hasCode(call.to) else { throw TransactionError.noContract(call.to) }
            contracts.insert(call.to)
        }
        try await simulate(call, intent)
        let least = try FeePolicy.gas(estimate: try await rpc.estimateGas(call), ceiling: intent.gasCeiling)
        let gas = min(least + .random(in: 0..<TransactionQueue.distinctGas), intent.gasCeiling)
        // An estimate may be a lie: the call must do with what it will get.
        call.gas = gas
        try await simulate(call, intent)
        let maximum = try fees.maximum(baseFee: try await rpc.block().baseFee)
        let transaction = Transaction(
            chainID: rpc.chainID, nonce: try await nextNumber(),
            fees: .dynamic(maximum: maximum.word, tip: Word(0)), gas: gas, to: call.to, value: call.value.word,
            data: call.data)
        let balance = try await rpc.balance(of: sender)
        guard transaction.maximumCost <= balance else {
            throw TransactionError.balanceTooLow(needed: transaction.maximumCost, has: balance)
        }
        return transaction
    }

    /// The number of the next transaction. Nothing of ours waits for a block here, so whatever does is another program's;
    /// a number behind it could come true much later, when nobody expects it.
    private func nextNumber() async throws -> UInt64 {
        let end = surroundings.elapsed() + patience.lag
        while true {
            let taken = try await rpc.transactionCount(of: sender)
            if try await rpc.transactionCount(of: sender, at: .pending) == taken { return taken }
            guard surroundings.elapsed() < end else {
                // Asked for a quote, there may be one of ours.
                if let own = try await open().first(where: { $0.state == .signed }) {
                    throw TransactionError.pending(hash: own.latest.hash, refusal: nil)
                }
                throw TransactionError.keyInUseElsewhere
            }
            try await surroundings.sleep(patience.longestPoll / 10)
        }
    }

    private func simulate(_ call: ChainCall, _ intent: Intent) async throws {
        do throws(RPCError) {
            guard try await rpc.call(call).isEmpty, intent.answers else { return }
        } catch {
            guard let revert = error.revert else { throw error }
            throw TransactionError.wouldRevert(revert)
        }
        throw TransactionError.noAnswer(call.to)
    }

    /// Why a call that was paid for reverted, as far as the chain still says.
    private func reason(of call: ChainCall) async -> Revert {
        do throws(RPCError) {
            _ = try await rpc.call(call)
            return .silent
        } catch { return error.revert ?? .silent }
    }

    // MARK: - Following

    /// Looks once for a transaction that was in a block: whether it still is, and whether that block will stay.
    private func follow(_ record: inout TransactionRecord) async throws -> Receipt? {
        // The safe block first: what it holds by then cannot be dropped between the two questions.
        let safe = try await rpc.block(.safe).number
        guard let receipt = try await receipt(of: record) else {
            record.state = .signed
            try await store.save(record)
            _ = try await offer(record)
            return nil
        }
        let state: TransactionRecord.State =
            record.event.isIn(receipt) ? (receipt.blockNumber <= safe ? .final : .included) : .failed
        if state != record.state {
            record.state = state
            try await store.save(record)
        }
        return receipt
    }

    /// Sends until the chain shows the end; nil where another transaction of this key took the number.
    ///
    /// - Parameter mayBeOut: some endpoint may have taken it before, so that a refusal now says nothing.
    private func conclude(_ record: inout TransactionRecord, mayBeOut: Bool) async throws -> Receipt? {
        let start = surroundings.elapsed()
        var mayBeOut = mayBeOut
        var (nextSending, pause) = (start, patience.poll)
        var usedSince: Duration?
        var refusal: String?
        while true {
            if let receipt = try await receipt(of: record) {
                record.state = record.event.isIn(receipt) ? .included : .failed
                try await store.save(record)
                return receipt
            }
            let now = surroundings.elapsed()
            guard now - start < patience.inclusion else {
                throw TransactionError.pending(hash: record.latest.hash, refusal: refusal)
            }
            if now >= nextSending {
                nextSending = now + patience.resend
                switch try await offer(record) {
                case .taken:
                    (mayBeOut, refusal) = (true, nil)
                    if now - start >= patience.stuck { try await raiseIfStuck(&record) }
                case .feeTooLow:
                    try await raise(&record)
                    nextSending = now
                    continue
                case .numberUsed:
                    // It may be ours: an endpoint can know the block before it knows the receipt.
                    let since = usedSince ?? now
                    usedSince = since
                    nextSending = now
                    guard now - since >= patience.lag, try await isTaken(record), try await receipt(of: record) == nil
                    else { break }
                    record.state = .replaced
                    try await store.save(record)
                    return nil
                case .refused(let message) where mayBeOut: refusal = message
                case .refused(let message):
                    record.state = .refused
                    try await store.save(record)
                    throw TransactionError.refused(message: message)
                }
            }
            try await surroundings.sleep(pause)
            pause = min(pause * 2, patience.longestPoll)
        }
    }

    /// Whether the record's number is used up in a block that will stay. Before that, the block may be dropped, and ours
    /// come true.
    private func isTaken(_ record: TransactionRecord) async throws -> Bool {
        let safe = try await rpc.transactionCount(of: sender, at: .safe)
        return safe > (try record.latest.transaction().nonce)
    }

    private func receipt(of record: TransactionRecord) async throws(RPCError) -> Receipt? {
        for hash in record.hashes.reversed() {
            if let receipt = try await rpc.receipt(of: hash) { return receipt }
        }
        return nil
    }

    private enum Offer { case taken, feeTooLow, numberUsed, refused(String) }

    /// Sends the newest version. An answer that did not come, or makes no sense, may hide that the chain took it.
    private func offer(_ record: TransactionRecord) async throws(RPCError) -> Offer {
        do {
            try await rpc.send(record.latest)
            return .taken
        } catch {
            guard case .refused(_, let message, _) = error, !error.mayPass else {
                if case .wrongChain = error { throw error }
                return .taken
            }
            let text = message.lowercased()
            func says(_ words: String...) -> Bool { words.contains { text.contains($0) } }
            if says("nonce too low") { return .numberUsed }
            if says("less than block base fee", "fee cap less than") { return .feeTooLow }
            // The chain has it, or has an earlier version, or has not seen the one before it.
            if says("already known", "known transaction", "nonce too high", "underpriced") { return .taken }
            return .refused(message)
        }
    }

    private func raiseIfStuck(_ record: inout TransactionRecord) async throws {
        let fee = try record.latest.transaction().maximumFee
        if try await rpc.block().baseFee > fee { try await raise(&record) }
    }

    /// Signs another version of the same number, with a higher fee: the chain takes one of them at most.
    private func raise(_ record: inout TransactionRecord) async throws {
        var transaction = try record.latest.transaction()
        let raised = try fees.replacement(
            of: transaction.maximumFee, baseFee: try await rpc.block().baseFee)
        transaction.fees = .dynamic(maximum: raised.word, tip: Word(0))
        try await rpc.confirmChain()
        record.versions.append(transaction.signed(by: key))
        try await store.save(record)
    }
}
