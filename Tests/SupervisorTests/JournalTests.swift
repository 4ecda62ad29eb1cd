import Coordination
import Foundation
import LocalNode
import Shared
import Supervisor
import Testing

@Suite("The journal")
struct JournalTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func path() -> String { folder.path("journal.sqlite") }

    private func entry(_ id: String, _ state: JournalEntry.State = .seen, at time: Int = 1) throws -> JournalEntry {
        var entry = JournalEntry(
            id: try #require(JobID(id)), role: .leader, model: "mock", promptCID: "Qm", user: "0xUser", updatedAt: time)
        entry.state = state
        return entry
    }

    @Test("an entry comes back as it was written, also by another process's eyes")
    func roundTrip() async throws {
        let path = path()
        var whole = try entry("0xAB/é ?", .computed, at: 1_800_000_000)
        whole.claimedAt = 1_799_999_990
        whole.innerHash = Array(repeating: 7, count: 32)
        whole.commitment = Array(0..<32)
        whole.submission = Array(#"{"jobId":"0xAB/é ?"}"#.utf8)
        whole.failure = .uploadFailed
        whole.receipt = Array(#"{"manifest":"00"}"#.utf8)
        whole.exposure = 1234
        whole.output = Array(#"{"cid":"Qm"}"#.utf8)
        try await Journal(path: path).record(whole)
        #expect(try await Journal(path: path).entry(whole.id) == whole)
        #expect(try await Journal(path: path).entry(try #require(JobID("other"))) == nil)
    }

    @Test("a later record replaces the earlier one of the same job")
    func replaces() async throws {
        let journal = try Journal(path: path())
        var job = try entry("a", .claimed)
        try await journal.record(job)
        job.state = .sent
        job.updatedAt = 2
        try await journal.record(job)
        #expect(try await journal.entry(job.id) == job)
        #expect(try await journal.counts() == [.sent: 1])
    }

    @Test("after a crash exactly the claimed and the computed jobs are found, oldest first")
    func interrupted() async throws {
        let path = path()
        let journal = try Journal(path: path)
        for (index, state) in JournalEntry.State.allCases.enumerated() {
            try await journal.record(try entry("job \(state.rawValue)", state, at: 100 - index))
        }
        let found = try await Journal(path: path).entries(in: [.claimed, .computed])
        #expect(found.map(\.id.text) == ["job computed", "job claimed"])
    }

    @Test("the newest jobs are listed first, as many as asked for")
    func latest() async throws {
        let journal = try Journal(path: path())
        for time in 1...5 { try await journal.record(try entry("job \(time)", at: time)) }
        #expect(try await journal.latest(2).map(\.id.text) == ["job 5", "job 4"])
    }

    @Test("a state is kept under its key, and the last one written stands")
    func state() async throws {
        let journal = try Journal(path: path())
        #expect(try await journal.state("certificate") == nil)
        try await journal.setState("certificate", "one")
        try await journal.setState("certificate", "two")
        #expect(try await journal.state("certificate") == "two")
    }

    @Test("a file that is no journal is refused, not replaced")
    func damaged() throws {
        let path = path()
        let text = String(repeating: "this is no database. ", count: 100)
        try Data(text.utf8).write(to: URL(filePath: path))
        #expect(throws: Journal.Failure.unavailable(path: path)) { try Journal(path: path) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test("a journal of the first version is taken over with its jobs")
    func firstVersion() async throws {
        let path = path()
        let statements = """
            CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
            INSERT INTO grdb_migrations VALUES ('1: jobs and state');
            CREATE TABLE job (id TEXT PRIMARY KEY NOT NULL, role TEXT NOT NULL, model TEXT NOT NULL,
                promptCID TEXT NOT NULL, state TEXT NOT NULL, failure TEXT, updatedAt INTEGER NOT NULL,
                claimedAt INTEGER, innerHash BLOB, commitment BLOB, submission BLOB) WITHOUT ROWID;
            CREATE TABLE state (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
            INSERT INTO job VALUES ('old', 'leader', 'mock', 'Qm', 'sent', NULL, 5, 4, NULL, NULL, NULL);
            """
        let writer = Process()
        writer.executableURL = URL(filePath: "/usr/bin/env")
        writer.arguments = [
            "python3", "-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])", path,
            statements,
        ]
        try writer.run()
        writer.waitUntilExit()
        #expect(writer.terminationStatus == 0)
        let id = try #require(JobID("old"))
        let job = try #require(try await Journal(path: path).entry(id))
        #expect(
            job.state == .sent && job.claimedAt == 4 && job.receipt == nil && job.exposure == nil && job.output == nil)
    }
}
