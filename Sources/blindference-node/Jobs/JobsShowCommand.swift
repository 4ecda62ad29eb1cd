internal import ArgumentParser
internal import Coordination
internal import Shared
internal import Supervisor

struct JobsShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one job of the local journal, with the receipt of its sandbox.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: FormatOptions
    @Argument(help: "The job's id, as jobs list prints it.")
    var id: String

    func run() async throws {
        let session = try Session(folder)
        guard let job = JobID(id), let entry = try await Journal(path: session.journalPath).entry(job) else {
            throw CommandRefusal.jobUnknown(id)
        }
        func bytes(_ value: [UInt8]?) -> JSONValue { value.map { .string(Hexadecimal.encode($0)) } ?? .null }
        let receipt = entry.receipt.flatMap { try? JSONValue(parsing: $0) } ?? .null
        var fields: [Report.Field] = [
            .init("job", "Job", .string(entry.id.text)), .init("role", "Role", .string(entry.role.rawValue)),
            .init("model", "Model", .string(entry.model)), .init("promptCid", "Prompt CID", .string(entry.promptCID)),
            .init("state", "State", .string(entry.state.rawValue)),
            .init("code", "Code", entry.failure.map { .string($0.rawValue) } ?? .null),
            .init("claimedAt", "Claimed at (Unix time)", entry.claimedAt.map { .integer($0) } ?? .null),
            .init("updatedAt", "Updated at (Unix time)", .integer(entry.updatedAt)),
            .init("commitment", "Commitment", bytes(entry.commitment)),
            .init("exposureMicroseconds", "Plaintext open for (µs)", entry.exposure.map { .integer($0) } ?? .null),
        ]
        switch output.format {
        case .json: fields.append(.init("receipt", "", receipt))
        case .table: fields += JobsShowCommand.lines(of: receipt)
        }
        Report.show(fields, as: output.format)
    }

    /// The receipt for people: one line a fact.
    private static func lines(of receipt: JSONValue) -> [Report.Field] {
        func field(_ label: String, _ value: JSONValue?) -> Report.Field { .init("", label, value ?? .null) }
        func table(_ value: JSONValue?) -> JSONValue {
            guard case .object(let members)? = value else { return .null }
            return .array(members.map { .string("\($0.key) \($0.value.text ?? "")") })
        }
        return [
            field("Sandbox manifest", receipt["manifest"]), field("Worker", receipt["started"]?["worker"]),
            field("Filter", receipt["started"]?["filter"]), field("Landlock rules", receipt["started"]?["landlock"]),
            field("Kernel's status", table(receipt["seen"]?["status"])),
            field("Limits", table(receipt["seen"]?["limits"])), field("Descriptors", receipt["seen"]?["descriptors"]),
            field("Layers", receipt["layers"]), field("Layers missing", receipt["missingLayers"]),
        ]
    }
}
