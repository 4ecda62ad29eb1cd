internal import Shared

/// The coordinator's receipt for an attestation.
package struct Certificate: Sendable, Equatable {
    package let hash: String
    /// Unix seconds.
    package let expiry: Int
    package let tier: Int
    package let backend: String
    /// What was advertised with it.
    package let models: [String]

    private static let key = "certificate"

    package func isGood(models: [String], now: Int) -> Bool {
        self.models == models && expiry - now > AttestationWatchdog.margin
    }

    package static func load(from journal: Journal) async throws -> Certificate? {
        guard let text = try await journal.state(key), let json = try? JSONValue(parsing: Array(text.utf8)),
            let hash = json["hash"]?.text, let expiry = json["expiry"]?.int, let tier = json["tier"]?.int,
            let backend = json["backend"]?.text, let models = json["models"]?.elements?.compactMap(\.text)
        else { return nil }
        return Certificate(hash: hash, expiry: expiry, tier: tier, backend: backend, models: models)
    }

    func store(in journal: Journal) async throws {
        let json: JSONValue = [
            "hash": .string(hash), "expiry": .integer(expiry), "tier": .integer(tier), "backend": .string(backend),
            "models": .array(models.map { .string($0) }),
        ]
        try await journal.setState(Certificate.key, String(decoding: json.encoded(), as: UTF8.self))
    }
}
