internal import ArgumentParser
internal import DevnetCore
internal import Ethereum
internal import Glibc
internal import Shared

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the toy network until a signal, or until standard input ends.",
        discussion: """
            Prints one line, `ready http://127.0.0.1:PORT`, once it listens. Everything is on that address: the \
            coordinator at /, gateway and uploads at /ipfs, /api/v0/add and /pinning/pinFileToIPFS, CoFHE (python \
            dialect) at /cofhe, controls at /dev. A toy: it keeps plaintext and keys in ordinary memory.
            """)

    @Option(help: "Address in 127.0.0.0/8.")
    var host = "127.0.0.1"

    @Option(help: "Port; 0 lets the kernel choose.")
    var port: UInt16 = 0

    @Option(help: "How many operators must be active before the quorum of a job is drawn.")
    var nodes = 3

    @Flag(help: "End when standard input ends, so that the network dies with whoever started it.")
    var lifeline = false

    @Flag(help: "Leave the prompt key's handles out of assignments, as older coordinators do.")
    var oldAssignmentsWithoutHandles = false

    @Flag(help: "Offer a job to its verifiers only after the leader delivered, as older coordinators do.")
    var lateVerifiers = false

    @Option(help: ArgumentHelp("Seconds from a claim to the delivery.", valueName: "seconds"))
    var claimLimit = 300

    @Option(help: "Key of the mock quote.")
    var mockKey: String?

    @Option(help: "RPC endpoint of a chain on this machine; output keys are then read from its key store.")
    var rpc: String?

    @Option(help: ArgumentHelp("PromptKeyStore on that chain.", valueName: "address"))
    var keyStore: String?

    @Option(name: .customLong("seed-file"), help: "A file to put into the content store; its CID goes to stderr.")
    var seedFiles: [String] = []

    func validate() throws {
        guard (1...17).contains(nodes) else { throw ValidationError("--nodes is 1 to 17.") }
        guard (1...86_400).contains(claimLimit) else { throw ValidationError("--claim-limit is 1 to 86400.") }
        guard (rpc == nil) == (keyStore == nil) else { throw ValidationError("--rpc and --key-store go together.") }
    }

    func run() throws {
        var settings = Devnet.Settings()
        settings.host = host
        settings.port = port
        settings.nodes = nodes
        settings.rules.claimLimit = Double(claimLimit)
        settings.rules.lateVerifiers = lateVerifiers
        settings.rules.handlesOnlyInClaim = oldAssignmentsWithoutHandles
        if let mockKey { settings.mockKey = mockKey }
        if let rpc, let keyStore {
            do { settings.chain = try ChainReader(url: rpc, keyStore: Address(keyStore)) } catch {
                throw ValidationError("--rpc is http://127.0.0.1:PORT, and --key-store an address.")
            }
        }
        let devnet = Devnet(settings)
        for path in seedFiles {
            guard let bytes = readFile(path), let cid = devnet.shelf.add(bytes) else {
                Terminal.error("\(path) cannot be read, or is larger than 48 MiB.")
                throw ExitCode(1)
            }
            Terminal.error("seeded \(cid.text) \(path)")
        }
        // Before the first thread, so that every thread inherits the mask and only sigwait sees the signals.
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let server: HTTPServer
        do throws(SocketError) { server = try devnet.serve() } catch {
            Terminal.error(Terminal.sentence(error))
            throw ExitCode(1)
        }
        if lifeline { Lifeline.watch() }
        Terminal.line("ready \(server.url)")
        var received: Int32 = 0
        sigwait(&signals, &received)
        server.stop()
    }
}
