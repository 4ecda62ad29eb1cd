internal import ArgumentParser
internal import Ethereum
internal import Supervisor

struct StakingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "staking", abstract: "Put BLIND at stake, look at it, and take it back.",
        subcommands: [
            StakingStakeCommand.self, StakingUnstakeCommand.self, StakingWithdrawCommand.self,
            StakingStatusCommand.self,
        ])
}

/// What every command takes that makes a transaction of the stake.
struct TransactionOptions: ParsableArguments {
    @OptionGroup var folder: FolderOptions
    @OptionGroup var password: PasswordOptions
    @OptionGroup var consent: ConsentOptions
    @OptionGroup var output: FormatOptions

    /// From the opened wallet to the last block.
    ///
    /// - Parameter fields: what the report has besides the transaction.
    func transact(
        _ make: (Stake, TransactionQueue) async throws -> Receipt?,
        fields: (Receipt) -> [Report.Field] = { _ in [] }
    ) async throws {
        let session = try Session(folder)
        let access = try ChainAccess(session.configuration)
        let wallet = try session.wallet(password)
        let journal = try Journal(path: session.journalPath)
        let queue = access.queue(wallet, journal: journal, directory: session.loader.directory)
        guard let receipt = try await make(Stake(access, node: wallet.address), queue) else {
            return Report.showUnsigned(as: output.format)
        }
        Report.show(ChainReport.fields(receipt) + fields(receipt), as: output.format)
    }

    /// Asks whether to go on; the cost is said with it.
    func agree(to action: String, for cost: Stake.Cost) throws -> Bool {
        try consent.agree(to: action + (cost.most == .zero ? "" : ", for at most \(cost.most.text) ETH"))
    }
}

struct StakingStakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stake", abstract: "Stake BLIND: at least 1000 with each deposit.")

    @Argument(help: "How much, such as 1000 or 1234.567.")
    var amount: String
    @OptionGroup var options: TransactionOptions

    func validate() throws {
        guard Amount(amount) != nil else {
            throw ValidationError("\(amount) is no amount: give digits, with at most 18 behind a point.")
        }
    }

    func run() async throws {
        guard let amount = Amount(amount) else { return }
        try await options.transact { stake, queue in
            try await stake.stake(
                amount, over: queue,
                agree: { standing, cost in
                    let staked = standing.info.staked
                    let beside = staked == .zero ? "" : " beside the \(staked.text) that are staked"
                    return try options.agree(
                        to: "stake \(amount.text) of your \(standing.balance.text) BLIND\(beside)", for: cost)
                },
                telling: ChainReport.tell)
        }
    }
}

struct StakingUnstakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unstake", abstract: "Start the 96 hours after which the whole stake can be withdrawn.")

    @OptionGroup var options: TransactionOptions

    func run() async throws {
        try await options.transact { stake, queue in
            try await stake.unstake(
                over: queue,
                agree: {
                    try options.agree(
                        to: "unstake all \($0.info.staked.text) BLIND (the node gets no jobs without a stake)", for: $1)
                },
                telling: ChainReport.tell)
        } fields: {
            [
                .init(
                    "availableAt", "Available at (Unix time)",
                    StakingContract.availableAt(in: $0).map { .integer($0) } ?? .null)
            ]
        }
    }
}

struct StakingWithdrawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Pay out what has unbonded, to this node's wallet.")

    @OptionGroup var options: TransactionOptions

    func run() async throws {
        try await options.transact { stake, queue in
            try await stake.withdraw(
                over: queue, agree: { try options.agree(to: "withdraw \($0.info.unbonding.text) BLIND", for: $1) },
                telling: ChainReport.tell)
        }
    }
}
