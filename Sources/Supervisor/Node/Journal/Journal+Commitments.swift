internal import Coordination
internal import Foundation
internal import GRDB
internal import Shared

/// What this node has to seal and to open on chain, with the salt that an opening needs after a crash as well.
struct OpenCommitment: Sendable, Equatable {
    let job: JobID
    let role: JobMachine.Role
    /// The job's commitment, 32 bytes.
    let output: [UInt8]
    /// 32 bytes.
    let salt: [UInt8]
    /// Unix seconds.
    let since: Int
}

extension Journal {
    static func makeCommitments(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE chain_commitment (
                    job TEXT PRIMARY KEY NOT NULL, role TEXT NOT NULL, output BLOB NOT NULL, salt BLOB NOT NULL,
                    since INTEGER NOT NULL
                ) WITHOUT ROWID;
                """)
    }

    /// The first of a job stays: it may be sealed already.
    func add(_ commitment: OpenCommitment) async throws {
        try await database.write {
            try $0.execute(
                sql: "INSERT OR IGNORE INTO chain_commitment (job, role, output, salt, since) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    commitment.job.text, commitment.role.rawValue, Data(commitment.output), Data(commitment.salt),
                    commitment.since,
                ])
        }
    }

    /// Oldest first.
    func openCommitments() async throws -> [OpenCommitment] {
        try await database.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM chain_commitment ORDER BY since, job").compactMap { row in
                guard let job = JobID(row["job"]), let role = JobMachine.Role(rawValue: row["role"]) else { return nil }
                return OpenCommitment(
                    job: job, role: role, output: [UInt8](row["output"] as Data), salt: [UInt8](row["salt"] as Data),
                    since: row["since"])
            }
        }
    }

    func remove(_ commitment: OpenCommitment) async throws {
        try await database.write {
            try $0.execute(sql: "DELETE FROM chain_commitment WHERE job = ?", arguments: [commitment.job.text])
        }
    }
}
