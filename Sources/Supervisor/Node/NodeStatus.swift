internal import Foundation
internal import Shared

/// What the files of a node say about it.
package struct NodeStatus: Sendable {
    package let isRunning: Bool
    package let certificate: Certificate?
    /// Jobs by state, in the order of a job's life.
    package let jobs: [(state: String, count: Int)]
    /// Digest of the sandbox manifest, as hexadecimal text, and the extra layers this machine lacked, at the last start.
    package let sandbox: (manifest: String, missing: [String])?

    private static let sandboxKey = "sandbox"

    static func store(_ receipt: SandboxReceipt, in journal: Journal) async throws {
        let json: JSONValue = [
            "manifest": .string(Hexadecimal.encode(receipt.manifest.digest)),
            "missing": .array(receipt.missing.map { .string($0.rawValue) }),
        ]
        try await journal.setState(sandboxKey, String(decoding: json.encoded(), as: UTF8.self))
    }

    private static func sandbox(in journal: Journal) async throws -> (manifest: String, missing: [String])? {
        guard let text = try await journal.state(sandboxKey), let json = try? JSONValue(parsing: Array(text.utf8)),
            let manifest = json["manifest"]?.text, let missing = json["missing"]?.elements
        else { return nil }
        return (manifest, missing.compactMap(\.text))
    }

    package static func read(directory: String) async throws(Journal.Failure) -> NodeStatus {
        let path = directory + "/journal.sqlite"
        var certificate: Certificate?
        var counts: [JournalEntry.State: Int] = [:]
        var sandbox: (manifest: String, missing: [String])?
        if FileManager.default.fileExists(atPath: path) {
            let journal = try Journal(path: path)
            do {
                certificate = try await Certificate.load(from: journal)
                counts = try await journal.counts()
                sandbox = try await NodeStatus.sandbox(in: journal)
            } catch { throw .unavailable(path: path) }
        }
        return NodeStatus(
            isRunning: RunLock.isHeld(directory: directory), certificate: certificate,
            jobs: JournalEntry.State.allCases.map { ($0.rawValue, counts[$0] ?? 0) }, sandbox: sandbox)
    }
}
