internal import Foundation
internal import GRDB

extension Journal {
    /// Opens a journal that is there for reading alone: nothing is migrated, made or repaired.
    package convenience init(inspecting path: String) throws(Failure) {
        // SQLite reads a file in WAL mode through files beside it, which it would make. They are there while a node runs
        // and after a crash; without them nobody writes, and the file alone is the whole journal.
        let isInUse = FileManager.default.fileExists(atPath: path + "-wal")
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(2)
        var address = URLComponents()
        address.scheme = "file"
        address.path = path
        if !isInUse { address.queryItems = [URLQueryItem(name: "immutable", value: "1")] }
        guard let address = address.string else { throw .unavailable(path: path) }
        do { self.init(try DatabaseQueue(path: address, configuration: configuration)) } catch {
            throw .unavailable(path: path)
        }
    }

    /// Whether SQLite finds the file's structure in order.
    package func isSound() async throws -> Bool {
        try await database.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") == "ok" }
    }
}
