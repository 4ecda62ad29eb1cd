internal import ArgumentParser
internal import Foundation
internal import Glibc
internal import Shared
internal import Supervisor

@main
struct BlindferenceNode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blindference-node",
        abstract: "A confidential-inference node for the Blindference network.",
        discussion: """
            Prompts are decrypted in sandboxed workers that have no network; the process that has the network and your
            wallet never sees a prompt. Settings come from config.json in the configuration folder (default
            ~/.blindference), a .env file in the working directory, and BLF_ variables, the last one first.

            Start with: blindference-node init, then blindference-node run.
            """,
        version: Version.text,
        subcommands: [
            InitCommand.self, AttestCommand.self, RunCommand.self, StatusCommand.self, DeterminismCommand.self,
            JobsCommand.self, StakingCommand.self, BalanceCommand.self, WalletCommand.self, SandboxCommand.self,
            DoctorCommand.self, CoFHECommand.self,
        ])

    static func main() async {
        // Every command may come to hold a key or a password.
        ProcessMemory.hide()
        // Before any thread, and before anything copies the environment: secrets leave it here.
        umask(0o077)
        do {
            _ = try Session.environment.get()
            var command = try parseAsRoot(Array(CommandLine.arguments.dropFirst()))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as any Refusal {
            Terminal.complain(Sentence.about(error))
            Foundation.exit(1)
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            // Usage errors are 2 in this project; the parser's own number is 64.
            Terminal.complain(fullMessage(for: error))
            Foundation.exit(2)
        }
    }
}
