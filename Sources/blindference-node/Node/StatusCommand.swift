internal import ArgumentParser
internal import Foundation
internal import Shared
internal import Supervisor

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show this node's address, certificate, models and jobs, from local files only.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: FormatOptions

    func run() async throws {
        let session = try Session(folder)
        let configuration = session.configuration
        let status = try await NodeStatus.read(directory: session.loader.directory)
        let models = try ModelCatalogue(configuration, environment: session.environment)
        var fields: [Report.Field] = [
            .init("address", "Address", configuration.nodeAddress.map { .string($0.checksummed) } ?? .null),
            .init("running", "Running", .bool(status.isRunning)),
            .init("keystore", "Keystore", .string(configuration.keystorePath)),
            .init("coordinator", "Coordinator", .string(configuration.iclEndpoint.origin)),
            .init("models", "Models", .array(models.advertised.map { .string($0) })),
            .init("tier", "Tier", status.certificate.map { .integer($0.tier) } ?? .null),
            .init(
                "certificateExpiresIn", "Certificate expires in (s)",
                status.certificate.map { .integer(max(0, $0.expiry - Int(Date.now.timeIntervalSince1970))) } ?? .null),
        ]
        fields += [
            .init("sandboxManifest", "Sandbox manifest", status.sandbox.map { .string($0.manifest) } ?? .null),
            .init(
                "missingLayers", "Sandbox layers missing",
                status.sandbox.map { .array($0.missing.map { .string($0) }) } ?? .null),
        ]
        for (state, count) in status.jobs { fields.append(.init("jobs_\(state)", "Jobs \(state)", .integer(count))) }
        Report.show(fields, as: output.format)
    }
}
