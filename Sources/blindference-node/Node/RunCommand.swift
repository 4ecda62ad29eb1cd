internal import ArgumentParser
internal import Supervisor

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the node until it is told to stop (SIGTERM or SIGINT).",
        discussion: "Finishes running jobs before it ends. Attests by itself when its certificate is missing or old.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var password: PasswordOptions

    func run() async throws {
        let session = try Session(folder)
        let lock = try RunLock(directory: session.loader.directory)
        defer { lock.release() }
        let wallet = try session.wallet(password)
        let log = session.log(for: wallet.address)
        for note in session.configuration.notes { log.event(.configurationNote, ["note": .string(note)]) }
        let node = try Node.assemble(
            session.configuration, environment: session.environment, wallet: wallet,
            directory: session.loader.directory,
            workerPath: Session.workerPath, log: log)
        try await node.run()
    }
}
