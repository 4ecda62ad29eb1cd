package import Ethereum

/// Puts BLIND at stake and takes it back. Every step is looked at before it is paid for.
package struct Stake: Sendable {
    /// What a caller shows while a step takes its time.
    package enum Step: Sendable, Equatable {
        case sending(intent: String, hash: [UInt8])
        case included(intent: String, block: UInt64)
        case waitingForFinality
    }

    /// Where a node stands, by the chain's own clock and count.
    package struct Standing: Sendable {
        package let info: StakingContract.Info
        package let balance: Amount
        /// Seconds until what unbonds can be withdrawn; 0 when it can be, nil when nothing unbonds.
        package let secondsLeft: UInt64?
    }

    private let access: ChainAccess
    private let node: Address
    /// Blocks of a rollup become final within minutes.
    private static let finality = Duration.seconds(1800)

    package init(_ access: ChainAccess, node: Address) {
        self.access = access
        self.node = node
    }

    package func standing() async throws(ChainFailure) -> Standing {
        let token = try await access.token()
        do {
            let info = try await access.staking.info(of: node)
            let now = try await access.rpc.block().timestamp
            let left = info.availableAt > now ? info.availableAt - now : 0
            return Standing(
                info: info, balance: try await token.balance(of: node),
                secondsLeft: info.unbonding == .zero ? nil : left)
        } catch { throw Stake.failure(error) }
    }

    /// Stakes `amount`: approves exactly that much, and takes the approval back where the stake does not come about.
    ///
    /// - Parameter agree: is shown what will be done before anything is signed; false ends it.
    /// - Returns: nil where the caller did not agree.
    package func stake(
        _ amount: Amount, over queue: TransactionQueue, agree: (Standing) throws -> Bool,
        progress: @escaping @Sendable (Step) -> Void
    ) async throws -> Receipt? {
        guard amount >= StakingContract.minimum else { throw ChainFailure.belowMinimum(StakingContract.minimum) }
        let standing = try await standing()
        guard standing.balance >= amount else {
            throw ChainFailure.notEnough(has: standing.balance, needed: amount)
        }
        guard try agree(standing) else { return nil }
        let token = try await access.token()
        let spender = access.staking.address
        do {
            if try await token.allowance(of: node, to: spender) != amount {
                _ = try await perform(token.approve(amount, to: spender, from: node), queue, progress)
            }
        } catch { throw Stake.failure(error) }
        let receipt: Receipt
        do throws(TransactionError) {
            receipt = try await perform(access.staking.stake(amount, from: node), queue, progress)
        } catch {
            // One that may still come needs its allowance.
            if case .pending = error { throw ChainFailure.transaction(error) }
            let reset = token.approve(.zero, to: spender, from: node)
            guard (try? await perform(reset, queue, progress)) != nil else {
                throw ChainFailure.allowanceStands(amount, after: error)
            }
            throw ChainFailure.transaction(error)
        }
        return try await finalise(receipt, queue, progress)
    }

    /// Starts the time after which the whole stake can be withdrawn.
    package func unstake(
        over queue: TransactionQueue, agree: (Standing) throws -> Bool,
        progress: @escaping @Sendable (Step) -> Void
    ) async throws -> Receipt? {
        let standing = try await standing()
        guard standing.secondsLeft == nil else { throw ChainFailure.unbondingAlready }
        guard standing.info.staked > .zero else { throw ChainFailure.nothingStaked }
        guard try agree(standing) else { return nil }
        return try await whole(access.staking.unstake(from: node), queue, progress)
    }

    /// Pays out what has unbonded.
    package func withdraw(
        over queue: TransactionQueue, agree: (Standing) throws -> Bool,
        progress: @escaping @Sendable (Step) -> Void
    ) async throws -> Receipt? {
        let standing = try await standing()
        guard let left = standing.secondsLeft else { throw ChainFailure.nothingUnbonding }
        guard left == 0 else { throw ChainFailure.notYet(seconds: left) }
        guard try agree(standing) else { return nil }
        return try await whole(access.staking.withdraw(from: node), queue, progress)
    }

    // MARK: - One transaction

    private func whole(
        _ intent: Intent, _ queue: TransactionQueue, _ progress: @escaping @Sendable (Step) -> Void
    ) async throws(ChainFailure) -> Receipt {
        do throws(TransactionError) {
            return try await finalise(perform(intent, queue, progress), queue, progress)
        } catch { throw .transaction(error) }
    }

    private func finalise(
        _ receipt: Receipt, _ queue: TransactionQueue, _ progress: @Sendable (Step) -> Void
    ) async throws(TransactionError) -> Receipt {
        progress(.waitingForFinality)
        return try await queue.finalise(receipt, within: Stake.finality)
    }

    private func perform(
        _ intent: Intent, _ queue: TransactionQueue, _ progress: @escaping @Sendable (Step) -> Void
    ) async throws(TransactionError) -> Receipt {
        try await queue.perform(intent) { step in
            switch step {
            case .sending(let record): progress(.sending(intent: intent.name, hash: record.latest.hash))
            case .included(let receipt): progress(.included(intent: intent.name, block: receipt.blockNumber))
            }
        }
    }

    private static func failure(_ error: any Error) -> ChainFailure {
        switch error {
        case let error as ChainFailure: error
        case let error as TransactionError: .transaction(error)
        case let error as ContractError: .contract(error)
        case let error as RPCError: .contract(.rpc(error))
        default: .transaction(.unrecorded)
        }
    }
}
