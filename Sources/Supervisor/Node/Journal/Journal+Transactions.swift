package import Ethereum
internal import Foundation
internal import GRDB

/// Signed transactions, so that a crash makes the node pay nothing twice.
extension Journal: TransactionStore {
    static func makeTransactions(_ database: Database) throws {
        // A version is a whole signed transaction; its first tells a record from others.
        try database.execute(
            sql: """
                CREATE TABLE chain_transaction (
                    first BLOB PRIMARY KEY NOT NULL, sender BLOB NOT NULL, chainID INTEGER NOT NULL, intent TEXT NOT NULL,
                    state TEXT NOT NULL, emitter BLOB NOT NULL, topics BLOB NOT NULL, updatedAt INTEGER NOT NULL
                );
                CREATE TABLE chain_transaction_version (
                    first BLOB NOT NULL REFERENCES chain_transaction, number INTEGER NOT NULL, raw BLOB NOT NULL,
                    PRIMARY KEY (first, number)
                ) WITHOUT ROWID;
                """)
    }

    static func makeTransactionsTold(_ database: Database) throws {
        try database.execute(
            sql: """
                ALTER TABLE chain_transaction ADD COLUMN isTold INTEGER NOT NULL DEFAULT 1;
                ALTER TABLE chain_transaction ADD COLUMN createdAt INTEGER NOT NULL DEFAULT 0;
                UPDATE chain_transaction SET isTold = 0, createdAt = updatedAt WHERE state = 'signed';
                """)
    }

    package func openTransactions(
        of sender: Address, chainID: UInt64, recent: Int
    ) async throws -> [TransactionRecord] {
        try await database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM chain_transaction WHERE sender = ? AND chainID = ?
                    AND (state IN ('signed', 'included') OR (state = 'final' AND NOT isTold AND createdAt > ?))
                    ORDER BY rowid
                    """, arguments: [Data(sender.bytes), Int64(bitPattern: chainID), recent]
            ).map { try Journal.record($0, in: database) }
        }
    }

    package func save(_ record: TransactionRecord) async throws {
        try await database.write { database in
            let first = Data(record.versions[0].hash)
            try database.execute(
                sql: """
                    INSERT INTO chain_transaction
                        (first, sender, chainID, intent, state, emitter, topics, updatedAt, isTold, createdAt)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    -- A process that only follows it may not know that another one was told meanwhile.
                    ON CONFLICT (first) DO UPDATE SET
                        state = excluded.state, updatedAt = excluded.updatedAt,
                        isTold = max(isTold, excluded.isTold)
                    """,
                arguments: [
                    first, Data(record.sender.bytes), Int64(bitPattern: try record.chainID), record.intent,
                    record.state.rawValue, Data(record.event.emitter.bytes), Data(record.event.topics.joined()),
                    Int(Date.now.timeIntervalSince1970), record.isTold, record.createdAt,
                ])
            for (number, version) in record.versions.enumerated() {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO chain_transaction_version (first, number, raw) VALUES (?, ?, ?)",
                    arguments: [first, number, Data(version.raw)])
            }
        }
    }

    /// What the wallet's transactions were for, oldest first.
    func intents() async throws -> [String] {
        try await database.read {
            try String.fetchAll($0, sql: "SELECT intent FROM chain_transaction ORDER BY rowid")
        }
    }

    private struct Damaged: Error {}

    private static func record(_ row: Row, in database: Database) throws -> TransactionRecord {
        let first: Data = row["first"]
        let versions = try Data.fetchAll(
            database, sql: "SELECT raw FROM chain_transaction_version WHERE first = ? ORDER BY number",
            arguments: [first]
        ).map { SignedTransaction(raw: Array($0)) }
        let topics = [UInt8](row["topics"] as Data)
        guard let oldest = versions.first, let sender = Address(bytes: row["sender"] as Data),
            let emitter = Address(bytes: row["emitter"] as Data),
            let state = TransactionRecord.State(rawValue: row["state"])
        else { throw Damaged() }
        var record = TransactionRecord(
            intent: row["intent"], sender: sender,
            event: ExpectedEvent(
                emitter: emitter,
                topics: stride(from: 0, to: topics.count, by: 32).map { Array(topics[$0..<min($0 + 32, topics.count)]) }
            ),
            first: oldest, createdAt: row["createdAt"])
        record.versions = versions
        record.state = state
        record.isTold = row["isTold"]
        return record
    }
}
