package import Ethereum

/// Puts BLIND at stake and takes it back. Every step is looked at before it is paid for.
package struct Stake: Sendable {
    /// Where a node stands, by the chain's own clock and count.
    package struct Standing: Sendable {
        package let info: StakingContract.Info
        package let balance: Amount
        /// What the staking contract may still take: a stake that did not come about left it.
        package let allowance: Amount
        /// Seconds until what unbonds can be withdrawn; 0 when it can be, nil when nothing unbonds.
        package let secondsLeft: UInt64?
    }

    package struct Cost: Sendable, Equatable {
        /// ETH for gas; zero where an earlier command's transaction will do.
        package let most: Amount
    }

    private let access: ChainAccess
    private let node: Address

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
                allowance: try await token.allowance(of: node, to: access.staking.address),
                secondsLeft: info.unbonding == .zero ? nil : left)
        } catch { throw Stake.failure(error) }
    }

    /// Stakes `amount`: approves exactly that much, and takes the approval back where the stake does not come about.
    ///
    /// - Parameter agree: is shown where the node stands and what it may cost, before anything is signed; false ends it.
    /// - Returns: nil where the caller did not agree.
    package func stake(
        _ amount: Amount, over queue: TransactionQueue, agree: (Standing, Cost) throws -> Bool,
        telling: @escaping ChainStep.Listener
    ) async throws -> Receipt? {
        guard amount >= StakingContract.minimum else { throw ChainFailure.belowMinimum(StakingContract.minimum) }
        let standing = try await standing()
        let intent = access.staking.stake(amount, from: node)
        // What an earlier command sent has left the balance already.
        if standing.balance < amount, try await !queue.mayTakeUp(intent) {
            throw ChainFailure.notEnough(has: standing.balance, needed: amount)
        }
        let token = try await access.token()
        let spender = access.staking.address
        let approval = token.approve(amount, to: spender, from: node)
        guard try agree(standing, try await cost(of: intent, after: approval, over: queue)) else { return nil }
        do {
            if let receipt = try await queue.takeUp(intent, telling: telling) {
                return try await queue.finalise(receipt, telling: telling)
            }
        } catch { throw Stake.failure(error) }
        let receipt: Receipt
        var mayTake = false
        do {
            if try await token.allowance(of: node, to: spender) != amount {
                _ = try await queue.perform(approval, isRepeatable: true, telling: telling)
            }
            mayTake = true
            receipt = try await queue.perform(intent, tells: false, telling: telling)
        } catch {
            let failure = Stake.failure(error)
            // One that may still come needs its allowance, or is it.
            if case .transaction(.pending) = failure { throw ChainFailure.allowanceStands(amount, after: failure) }
            // An endpoint that went away hides what came about.
            if let receipt = try? await queue.takeUp(intent, telling: telling) {
                return try await queue.finalise(receipt, telling: telling)
            }
            guard await takesBack(approval, mayTake, of: token, over: queue, telling) else {
                throw ChainFailure.allowanceStands(amount, after: failure)
            }
            throw failure
        }
        return try await queue.finalise(receipt, telling: telling)
    }

    /// Takes back what the staking contract may still take; false where it may take it all the same.
    private func takesBack(
        _ approval: Intent, _ mayTake: Bool, of token: TokenContract, over queue: TransactionQueue,
        _ telling: @escaping ChainStep.Listener
    ) async -> Bool {
        let spender = access.staking.address
        do {
            // One that was on its way has come to its end then. An endpoint that lags may not know of it.
            let hasLanded = try await queue.takeUp(approval, waiting: { telling(ChainStep(waitingFor: $0)) }) != nil
            if !mayTake, !hasLanded, try await token.allowance(of: node, to: spender) == .zero { return true }
            let reset = token.approve(.zero, to: spender, from: node)
            _ = try await queue.perform(reset, isRepeatable: true, telling: telling)
            return true
        } catch { return false }
    }

    /// Starts the time after which the whole stake can be withdrawn.
    package func unstake(
        over queue: TransactionQueue, agree: (Standing, Cost) throws -> Bool,
        telling: @escaping ChainStep.Listener
    ) async throws -> Receipt? {
        let standing = try await standing()
        guard standing.secondsLeft == nil else { throw ChainFailure.unbondingAlready }
        guard standing.info.staked > .zero else { throw ChainFailure.nothingStaked }
        let intent = access.staking.unstake(from: node)
        guard try agree(standing, try await cost(trying: intent, over: queue)) else { return nil }
        return try await queue.complete(intent, telling: telling)
    }

    /// Pays out what has unbonded.
    package func withdraw(
        over queue: TransactionQueue, agree: (Standing, Cost) throws -> Bool,
        telling: @escaping ChainStep.Listener
    ) async throws -> Receipt? {
        let standing = try await standing()
        guard let left = standing.secondsLeft else { throw ChainFailure.nothingUnbonding }
        guard left == 0 else { throw ChainFailure.notYet(seconds: left) }
        let intent = access.staking.withdraw(from: node)
        guard try agree(standing, try await cost(trying: intent, over: queue)) else { return nil }
        return try await queue.complete(intent, telling: telling)
    }

    private func cost(trying intent: Intent, over queue: TransactionQueue) async throws(ChainFailure) -> Cost {
        do {
            return Cost(most: try await queue.mayTakeUp(intent) ? .zero : queue.quote(intent))
        } catch { throw Stake.failure(error) }
    }

    /// Neither is tried out before it is agreed to: a stake that fails then takes its approval back.
    private func cost(
        of stake: Intent, after approval: Intent, over queue: TransactionQueue
    ) async throws(ChainFailure) -> Cost {
        do {
            guard try await !queue.mayTakeUp(stake) else { return Cost(most: .zero) }
            return Cost(most: try await queue.bound(approval) + queue.bound(stake))
        } catch { throw Stake.failure(error) }
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
