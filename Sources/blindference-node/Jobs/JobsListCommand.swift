internal import ArgumentParser
internal import Shared
internal import Supervisor

struct JobsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the newest jobs of the local journal.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: FormatOptions
    @Option(name: .long, help: "How many jobs to list.")
    var limit = 20

    func run() async throws {
        let session = try Session(folder)
        let entries = try await Journal(path: session.journalPath).latest(limit)
        Report.show(
            columns: [
                ("job", "JOB"), ("role", "ROLE"), ("model", "MODEL"), ("state", "STATE"), ("code", "CODE"),
                ("updatedAt", "UPDATED"), ("commitment", "COMMITMENT"),
            ],
            rows: entries.map { entry in
                [
                    .string(entry.id.text), .string(entry.role.rawValue), .string(entry.model),
                    .string(entry.state.rawValue),
                    entry.failure.map { .string($0.rawValue) } ?? .null, .integer(entry.updatedAt),
                    entry.commitment.map { .string(Hexadecimal.encode($0)) } ?? .null,
                ]
            }, as: output.format)
    }
}
