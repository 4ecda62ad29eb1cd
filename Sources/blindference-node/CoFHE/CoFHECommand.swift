internal import ArgumentParser
internal import CoFHE
internal import Supervisor

struct CoFHECommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cofhe", abstract: "The threshold network that holds the keys of prompts and answers.",
        subcommands: [CoFHEAcceptKeysCommand.self])
}

struct CoFHEAcceptKeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept-keys",
        abstract: "Take the keys that the network has now for its own.",
        discussion: """
            The first keys that a node sees are pinned. Whoever could put others in their place could read the keys of \
            your answers: compare the fingerprints (SHA-256 of the public key and of the proof parameters) with what \
            the network has published before you accept others.
            """)

    @OptionGroup var folder: FolderOptions
    @OptionGroup var consent: ConsentOptions
    @OptionGroup var output: FormatOptions

    func run() async throws {
        let session = try Session(folder)
        let journal = try Journal(path: session.journalPath)
        let keys = try Node.networkKeys(session.configuration, journal: journal, directory: session.loader.directory)
        let pins = JournalPins(journal: journal, chainID: session.configuration.cofheChainID)
        let pinned = try await pins.pin()
        let found = try await keys.fingerprints()
        var isAccepted = pinned == found
        if !isAccepted {
            isAccepted = try consent.agree(to: "take \(found) in place of \(pinned ?? "no keys")")
            if isAccepted { try await pins.setPin(found) }
        }
        Report.show(
            [
                .init("pinned", "Pinned before", pinned.map { .string($0) } ?? .null),
                .init("network", "Network's", .string(found)), .init("accepted", "Accepted", .bool(isAccepted)),
            ], as: output.format)
    }
}
