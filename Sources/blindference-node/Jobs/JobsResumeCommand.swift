internal import ArgumentParser
internal import Supervisor

struct JobsResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Take jobs again after two failures in a row. One more failure takes the whole stake.",
        discussion: "A running node notices within a minute. What is accepted is accepted until the next good job.")

    @OptionGroup var folder: FolderOptions

    func run() async throws {
        try await ChainWatch.acceptStrikes(in: Journal(path: try Session(folder).journalPath))
        Terminal.note("The node takes jobs again. One more failure takes the whole stake.")
    }
}
