internal import GRDB

/// Who broke limits: address, score and time, nothing of any job.
extension Journal {
    static func makePenalties(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE penalty (
                    requester TEXT PRIMARY KEY NOT NULL, score REAL NOT NULL, updatedAt INTEGER NOT NULL
                ) WITHOUT ROWID;
                """)
    }

    package func penalty(of requester: Requester) async throws -> Penalty? {
        try await database.read { try Journal.penalty(of: requester, in: $0) }
    }

    /// All that are kept, the newest offence first.
    package func penalties() async throws -> [(requester: Requester, penalty: Penalty)] {
        try await database.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM penalty ORDER BY updatedAt DESC, requester").map { row in
                let name: String = row["requester"]
                return (
                    name == Requester.unknown.name ? .unknown : .known(name),
                    Penalty(score: row["score"], updatedAt: row["updatedAt"])
                )
            }
        }
    }

    /// Replaces a requester's penalty in one transaction, and forgets those that are older than `time`.
    func updatePenalty(
        of requester: Requester, forgettingBefore time: Int, _ update: @escaping @Sendable (Penalty?) -> Penalty
    ) async throws {
        try await database.write { database in
            let penalty = update(try Journal.penalty(of: requester, in: database))
            try database.execute(sql: "DELETE FROM penalty WHERE updatedAt < ?", arguments: [time])
            try database.execute(
                sql: "INSERT OR REPLACE INTO penalty (requester, score, updatedAt) VALUES (?, ?, ?)",
                arguments: [requester.name, penalty.score, penalty.updatedAt])
        }
    }

    private static func penalty(of requester: Requester, in database: Database) throws -> Penalty? {
        let statement = try database.cachedStatement(sql: "SELECT * FROM penalty WHERE requester = ?")
        return try Row.fetchOne(statement, arguments: [requester.name]).map {
            Penalty(score: $0["score"], updatedAt: $0["updatedAt"])
        }
    }
}
