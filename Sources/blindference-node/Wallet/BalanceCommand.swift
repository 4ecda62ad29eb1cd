internal import ArgumentParser
internal import Ethereum
internal import Shared
internal import Supervisor

struct BalanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "balance", abstract: "Show the wallet's BLIND and ETH. Needs no password.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: FormatOptions

    func run() async throws {
        let session = try Session(folder)
        let address = try session.address()
        let holdings = try await ChainAccess(session.configuration).holdings(of: address)
        Report.show(
            [
                .init("address", "Address", .string(address.checksummed)),
                .init("blind", "BLIND", .string(holdings.blind.text)),
                .init("eth", "ETH", .string(holdings.eth.text)),
                .init("heartbeats", "Enough for heartbeats", .integer(holdings.heartbeats)),
            ], as: output.format)
    }
}
