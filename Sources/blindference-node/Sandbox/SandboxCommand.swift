internal import ArgumentParser

struct SandboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "Look at what confines a worker.", subcommands: [SandboxShowCommand.self])
}
