/// BlindferenceStaking: BLIND that a node puts at stake (chain.md 3).
package struct StakingContract: Sendable {
    /// What the chain knows of a node's stake.
    package struct Info: Sendable, Equatable {
        package let staked: Amount
        package let unbonding: Amount
        /// Unix seconds by the chain's clock; 0 where nothing unbonds.
        package let availableAt: UInt64
        /// Jobs in a row that the coordinator counted as failed. The third takes the whole stake.
        package let consecutiveFailures: Int
        /// The contract's own word: enough is staked, and nothing forbids it. A flag of the record may say otherwise.
        package let isActive: Bool
    }

    /// Each deposit must be this much, top-ups too.
    package static let minimum = Amount(whole: 1000)
    package static let failuresThatTakeAll = 3

    private static let info = ContractFunction(
        "getStakeInfo(address)", answers: "(uint256,uint256,uint256,uint256,bool)")
    private static let isActive = ContractFunction("isActive(address)", answers: "bool")
    private static let blindToken = ContractFunction("blindToken()", answers: "address")
    private static let stake = ContractFunction("stake(uint256)")
    private static let initiateUnstake = ContractFunction("initiateUnstake()")
    private static let completeUnstake = ContractFunction("completeUnstake()")
    private static let staked = ContractEvent("Staked(address,uint256,uint256)", indexed: 1)
    private static let initiated = ContractEvent("UnstakeInitiated(address,uint256,uint256)", indexed: 1)
    private static let completed = ContractEvent("UnstakeCompleted(address,uint256)", indexed: 1)

    private let contract: Contract

    package init(_ contract: Contract) { self.contract = contract }

    package var address: Address { contract.address }

    package func info(of node: Address) async throws(ContractError) -> Info {
        guard case .tuple(let record)? = try await contract.ask(StakingContract.info, .address(node)).first,
            record.count == 5, let staked = record[0].amount, let unbonding = record[1].amount,
            let availableAt = record[2].number, let failures = record[3].number,
            let isActive = try await contract.ask(StakingContract.isActive, .address(node)).first?.truth
        else { throw .notThisContract(address) }
        return Info(
            staked: staked, unbonding: unbonding, availableAt: availableAt,
            consecutiveFailures: Int(clamping: failures), isActive: isActive)
    }

    /// The token that the contract takes.
    package func token() async throws(ContractError) -> TokenContract {
        guard case .address(let address)? = try await contract.ask(StakingContract.blindToken).first else {
            throw .notThisContract(contract.address)
        }
        return TokenContract(Contract(address, contract.rpc))
    }

    /// Takes `amount`, which must be approved before.
    package func stake(_ amount: Amount, from node: Address) -> Intent {
        contract.intent(
            "stake", StakingContract.stake, .uint(amount.word), from: node, gasCeiling: 600_000,
            event: StakingContract.staked, indexed: .address(node))
    }

    /// Starts the 96 hours of the whole stake.
    package func unstake(from node: Address) -> Intent {
        contract.intent(
            "unstake", StakingContract.initiateUnstake, from: node, gasCeiling: 500_000,
            event: StakingContract.initiated, indexed: .address(node))
    }

    /// When what was unstaked can be withdrawn: Unix seconds by the chain's clock; nil for another transaction.
    package static func availableAt(in receipt: Receipt) -> UInt64? {
        receipt.logs.lazy.compactMap { initiated.arguments(of: $0) }.first?.last?.number
    }

    /// Pays out what has unbonded, to the staking account alone.
    package func withdraw(from node: Address) -> Intent {
        contract.intent(
            "withdraw", StakingContract.completeUnstake, from: node, gasCeiling: 500_000,
            event: StakingContract.completed, indexed: .address(node))
    }
}
