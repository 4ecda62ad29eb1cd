internal import ArgumentParser
internal import DevnetCore
internal import Shared

struct PrepareCommand: ParsableCommand {
    enum Role: String, ExpressibleByArgument { case leader, verifier }

    static let configuration = CommandConfiguration(
        commandName: "prepare", abstract: "Queue many jobs at once, each with its own key and blob, for benchmarks.",
        discussion: """
            With --role verifier a scripted leader inside this command delivers honest results (mock model) before it \
            returns, so that only the verifying remains to be measured.
            """)

    @OptionGroup var endpoint: Endpoint

    @Option(help: "How many jobs.")
    var jobs: Int

    @Option(help: "Model id.")
    var model: String

    @Option(help: "Length of each random prompt (hexadecimal text).")
    var promptBytes: Int

    @Option(help: "What the node under test does: leader or verifier.")
    var role = Role.leader

    @Option(help: "Address of the node under test, which need not have attested yet; otherwise the nodes take turns.")
    var node: String?

    @Option(help: "Verifiers of each job, with --role leader.")
    var verifiers = 0

    @Option(help: "Seconds to wait for operators.")
    var timeout = 60

    func validate() throws {
        guard (1...10_000).contains(jobs) else { throw ValidationError("--jobs is 1 to 10000.") }
        guard (1...48 << 20).contains(promptBytes) else { throw ValidationError("--prompt-bytes is 1 to 50331648.") }
        guard (0...16).contains(verifiers) else { throw ValidationError("--verifiers is 0 to 16.") }
        guard role == .leader || node != nil else { throw ValidationError("--role verifier needs --node.") }
    }

    func run() throws {
        do {
            let batch = Batch(
                jobs: jobs, model: model, promptBytes: promptBytes, node: node,
                verifiers: role == .leader ? verifiers : nil, timeout: timeout)
            let queued = try batch.queue(url: endpoint.url)
            switch endpoint.format {
            case .json: Terminal.json(["jobs": .array(queued.map { .string($0) })])
            case .text: Terminal.line("\(queued.count) jobs queued")
            }
        } catch {
            Terminal.error(Terminal.sentence(error))
            throw ExitCode(1)
        }
    }
}
