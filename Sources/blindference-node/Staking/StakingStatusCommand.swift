internal import ArgumentParser
internal import Ethereum
internal import Shared
internal import Supervisor

struct StakingStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what is staked and what unbonds. Needs no password.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: FormatOptions

    func run() async throws {
        let session = try Session(folder)
        let address = try session.address()
        let standing = try await Stake(try ChainAccess(session.configuration), node: address).standing()
        let info = standing.info
        Report.show(
            [
                .init("address", "Address", .string(address.checksummed)),
                .init("staked", "Staked (BLIND)", .string(info.staked.text)),
                .init("unbonding", "Unbonding (BLIND)", .string(info.unbonding.text)),
                .init(
                    "availableAt", "Available at (Unix time)",
                    info.availableAt == 0 ? .null : .integer(info.availableAt)),
                .init("secondsLeft", "Seconds left", standing.secondsLeft.map { .integer($0) } ?? .null),
                .init("consecutiveFailures", "Failures in a row", .integer(info.consecutiveFailures)),
                .init("active", "Active", .bool(info.isActive)),
                .init("balance", "Balance (BLIND)", .string(standing.balance.text)),
                .init("allowance", "Allowance (BLIND)", .string(standing.allowance.text)),
            ], as: output.format)
        if standing.allowance > .zero {
            Terminal.note(
                """
                The staking contract may still take \(standing.allowance.text) BLIND, which a stake left that did not \
                come about. The next stake uses that up, or replaces it.
                """)
        }
        if info.consecutiveFailures + 1 >= StakingContract.failuresThatTakeAll, info.staked > .zero {
            Terminal.note(
                "\(info.consecutiveFailures) jobs in a row have failed: the next failure takes the whole stake.")
        }
    }
}
