internal import ArgumentParser

struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Look at this node's jobs.",
        subcommands: [JobsListCommand.self, JobsShowCommand.self, JobsResumeCommand.self],
        defaultSubcommand: JobsListCommand.self)
}
