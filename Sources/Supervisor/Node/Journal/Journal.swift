package import Coordination
internal import Foundation
internal import GRDB
internal import Shared

/// The node's durable memory (SQLite, WAL): which jobs were seen, claimed, computed and sent, and its certificate.
///
/// Every write is on disk before the call returns, so that what is sent afterwards can be sent again after a crash.
package final class Journal: Sendable {
    package enum Failure: Error, Equatable, Sendable { case unavailable(path: String), inUse(path: String) }

    let database: DatabaseQueue

    init(_ database: DatabaseQueue) { self.database = database }

    /// Opens or makes the journal at `path`.
    package init(path: String) throws(Failure) {
        do {
            var configuration = GRDB.Configuration()
            configuration.busyMode = .timeout(5)
            configuration.prepareDatabase { database in
                try database.execute(
                    sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON")
            }
            database = try DatabaseQueue(path: path, configuration: configuration)
            try Journal.migrations.migrate(database)
        } catch { throw .unavailable(path: path) }
    }

    private static var migrations: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: jobs and state") { database in
            try database.execute(
                sql: """
                    CREATE TABLE job (
                        id TEXT PRIMARY KEY NOT NULL, role TEXT NOT NULL, model TEXT NOT NULL, promptCID TEXT NOT NULL,
                        state TEXT NOT NULL, failure TEXT, updatedAt INTEGER NOT NULL, claimedAt INTEGER,
                        innerHash BLOB, commitment BLOB, submission BLOB
                    ) WITHOUT ROWID;
                    CREATE INDEX job_by_state ON job (state);
                    CREATE TABLE state (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("2: receipts") { database in
            try database.execute(
                sql: "ALTER TABLE job ADD COLUMN receipt BLOB; ALTER TABLE job ADD COLUMN exposure INTEGER")
        }
        migrator.registerMigration("3: penalties") { try Journal.makePenalties($0) }
        migrator.registerMigration("4: transactions") { try Journal.makeTransactions($0) }
        migrator.registerMigration("5: requesters") { try $0.execute(sql: "ALTER TABLE job ADD COLUMN user TEXT") }
        migrator.registerMigration("6: commitments") { try Journal.makeCommitments($0) }
        migrator.registerMigration("7: transactions told") { try Journal.makeTransactionsTold($0) }
        migrator.registerMigration("8: outputs") { try $0.execute(sql: "ALTER TABLE job ADD COLUMN output BLOB") }
        return migrator
    }

    // MARK: - Jobs

    package func entry(_ id: JobID) async throws -> JournalEntry? {
        try await database.read {
            let statement = try $0.cachedStatement(sql: "SELECT * FROM job WHERE id = ?")
            return try Row.fetchOne(statement, arguments: [id.text]).flatMap(JournalEntry.init)
        }
    }

    /// Jobs in one of `states`, oldest first.
    package func entries(in states: Set<JournalEntry.State>) async throws -> [JournalEntry] {
        let words = states.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return try await database.read {
            try Row.fetchAll($0, sql: "SELECT * FROM job WHERE state IN (\(words)) ORDER BY updatedAt")
                .compactMap(JournalEntry.init)
        }
    }

    /// The newest jobs first.
    package func latest(_ limit: Int) async throws -> [JournalEntry] {
        try await database.read {
            try Row.fetchAll($0, sql: "SELECT * FROM job ORDER BY updatedAt DESC, id LIMIT ?", arguments: [limit])
                .compactMap(JournalEntry.init)
        }
    }

    package func counts() async throws -> [JournalEntry.State: Int] {
        try await database.read { database in
            var counts: [JournalEntry.State: Int] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT state, count(*) AS count FROM job GROUP BY state") {
                if let state = JournalEntry.State(rawValue: row["state"]) { counts[state] = row["count"] }
            }
            return counts
        }
    }

    package func record(_ entry: JournalEntry) async throws {
        try await database.write { database in
            let statement = try database.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO job
                        (id, role, model, promptCID, state, failure, updatedAt, claimedAt, innerHash, commitment,
                         submission, receipt, exposure, user, output)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """)
            try statement.execute(arguments: [
                entry.id.text, entry.role.rawValue, entry.model, entry.promptCID, entry.state.rawValue,
                entry.failure?.rawValue, entry.updatedAt, entry.claimedAt, entry.innerHash.map { Data($0) },
                entry.commitment.map { Data($0) }, entry.submission.map { Data($0) },
                entry.receipt.map { Data($0) }, entry.exposure, entry.user, entry.output.map { Data($0) },
            ])
        }
    }

    // MARK: - State

    package func state(_ key: String) async throws -> String? {
        try await database.read {
            try String.fetchOne($0, sql: "SELECT value FROM state WHERE key = ?", arguments: [key])
        }
    }

    package func setState(_ key: String, _ value: String) async throws {
        try await database.write {
            try $0.execute(sql: "INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", arguments: [key, value])
        }
    }
}

extension JournalEntry {
    /// Nil for a row that no node wrote.
    fileprivate init?(_ row: Row) {
        guard let id = JobID(row["id"]) else { return nil }
        self.init(
            id: id, role: JobMachine.Role(rawValue: row["role"]) ?? .verifier, model: row["model"],
            promptCID: row["promptCID"], user: row["user"], updatedAt: row["updatedAt"])
        state = State(rawValue: row["state"]) ?? .failed
        failure = (row["failure"] as String?).flatMap(JobFailure.init)
        claimedAt = row["claimedAt"]
        innerHash = (row["innerHash"] as Data?).map { [UInt8]($0) }
        commitment = (row["commitment"] as Data?).map { [UInt8]($0) }
        submission = (row["submission"] as Data?).map { [UInt8]($0) }
        receipt = (row["receipt"] as Data?).map { [UInt8]($0) }
        exposure = row["exposure"]
        output = (row["output"] as Data?).map { [UInt8]($0) }
    }
}
