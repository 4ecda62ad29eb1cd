internal import ArgumentParser
internal import Shared
internal import Supervisor

struct DeterminismCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test-determinism",
        abstract: "Ask a model the same thing twice, in two workers, and compare the answers' hashes.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: FormatOptions
    @Argument(help: "The model id; the first configured one if left out.")
    var model: String?

    func run() async throws {
        let session = try Session(folder)
        let models = try ModelCatalogue(session.configuration, environment: session.environment)
        let id = model ?? models.advertised.first ?? ""
        guard models.service(for: id) != nil else { throw CommandRefusal.modelUnknown(id) }
        let hashes = try await DeterminismCheck.run(
            id, session.configuration, models: models, workerPath: Session.workerPath)
        Report.show(
            [
                .init("model", "Model", .string(id)), .init("first", "First answer", .string(hashes[0])),
                .init("second", "Second answer", .string(hashes[1])),
                .init("deterministic", "Deterministic", .bool(hashes[0] == hashes[1])),
            ], as: output.format)
        guard hashes[0] == hashes[1] else { throw CommandRefusal.notDeterministic }
    }
}
