internal import Foundation

/// What the files of a node say about it.
package struct NodeStatus: Sendable {
    package let isRunning: Bool
    package let certificate: Certificate?
    /// Jobs by state, in the order of a job's life.
    package let jobs: [(state: String, count: Int)]

    package static func read(directory: String) async throws(Journal.Failure) -> NodeStatus {
        let path = directory + "/journal.sqlite"
        var certificate: Certificate?
        var counts: [JournalEntry.State: Int] = [:]
        if FileManager.default.fileExists(atPath: path) {
            let journal = try Journal(path: path)
            do {
                certificate = try await Certificate.load(from: journal)
                counts = try await journal.counts()
            } catch { throw .unavailable(path: path) }
        }
        return NodeStatus(
            isRunning: RunLock.isHeld(directory: directory), certificate: certificate,
            jobs: JournalEntry.State.allCases.map { ($0.rawValue, counts[$0] ?? 0) })
    }
}
