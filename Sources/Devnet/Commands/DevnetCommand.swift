internal import ArgumentParser

@main
struct DevnetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blindference-devnet",
        abstract: "A toy Blindference network on loopback: coordinator, content store and CoFHE in one process.",
        discussion: """
            Prompts, answers and keys lie in ordinary memory and are forgotten at the end: use it with nothing real. \
            It listens on 127.0.0.0/8 only. It is strict about the protocol and records every error a node makes.

            Exit codes: 0 done, 1 refused or failed, 2 usage.
            """,
        subcommands: [ServeCommand.self, SubmitCommand.self, ReportCommand.self, PrepareCommand.self])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let code as ExitCode {
            exit(withError: code)
        } catch {
            let kind = exitCode(for: error)
            guard kind == .validationFailure else { exit(withError: error) }
            // Usage errors are 2 in this project; the parser's own number is 64.
            Terminal.error(fullMessage(for: error))
            exit(withError: ExitCode(2))
        }
    }
}

enum OutputFormat: String, ExpressibleByArgument { case text, json }

struct Endpoint: ParsableArguments {
    @Option(help: "Address of the devnet, as its ready line says: http://127.0.0.1:PORT.")
    var url: String

    @Option(help: "json or text.")
    var format = OutputFormat.text
}
