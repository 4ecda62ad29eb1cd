internal import ArgumentParser
internal import DevnetCore
internal import Shared

struct SubmitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Ask the toy network a question, as a user does, and print the answer.",
        discussion: "Exit code 0 only when the quorum accepted and the answer could be read.")

    @OptionGroup var endpoint: Endpoint

    @Option(help: "Model id, for example mock or groq:llama-3.3-70b-versatile.")
    var model: String

    @Option(help: "The prompt.")
    var prompt: String?

    @Option(help: "A file with the prompt; - for standard input.")
    var promptFile: String?

    @Option(help: "How many nodes verify the leader.")
    var verifiers = 2

    @Option(help: "Address of the node that leads; otherwise the nodes take turns.")
    var leader: String?

    @Option(help: "Seconds to wait for nodes and for the quorum.")
    var timeout = 300

    func validate() throws {
        guard prompt == nil || promptFile == nil else { throw ValidationError("Give --prompt or --prompt-file.") }
        guard (0...16).contains(verifiers) else { throw ValidationError("--verifiers is 0 to 16.") }
        guard (1...86_400).contains(timeout) else { throw ValidationError("--timeout is 1 to 86400.") }
    }

    func run() throws {
        var text = Array((prompt ?? "What does a node know that the network does not?").utf8)
        if let promptFile {
            guard let bytes = readFile(promptFile) else {
                Terminal.error("\(promptFile) cannot be read, or is larger than 48 MiB.")
                throw ExitCode(1)
            }
            text = bytes
        }
        do {
            let answered = try Question(
                url: endpoint.url, model: model, prompt: text, verifiers: verifiers, leader: leader, timeout: timeout
            ).ask()
            switch endpoint.format {
            case .json: Terminal.json(answered.json)
            case .text: Terminal.line(answered.text)
            }
            guard answered.isAccepted, answered.answer != nil else { throw ExitCode(1) }
        } catch let code as ExitCode { throw code } catch {
            Terminal.error(Terminal.sentence(error))
            throw ExitCode(1)
        }
    }
}
