internal import Shared

/// The operators that attested, in the order of their first attestation.
package struct OperatorBook: Sendable {
    package struct Operator: Sendable {
        package let address: String
        package var tier: Int
        var models: [String]
        var expires: Double
        var lastHeartbeat: Double
        var attestations = 1
        var heartbeats = 0
        /// Results and verdicts delivered.
        var deliveries = 0
        /// Claims that ran out.
        var failures = 0
    }

    static let certificateLifetime = 86_400.0
    static let heartbeatGrace = 300.0
    static let maximum = 256

    package private(set) var operators: [String: Operator] = [:]
    private var order: [String] = []
    /// Addresses that a test made the devnet forget; their next call is no fault of theirs.
    private var forgotten: Set<String> = []
    private var turn = 0

    package init() {}

    mutating func admit(_ address: String, tier: Int, models: [String], now: Double) throws {
        forgotten.remove(address)
        let expires = now + OperatorBook.certificateLifetime
        if var known = operators[address] {
            (known.tier, known.models, known.expires, known.lastHeartbeat) = (tier, models, expires, now)
            known.attestations += 1
            operators[address] = known
            return
        }
        guard operators.count < OperatorBook.maximum else { throw Refusal(503, "the toy coordinator is full", nil) }
        operators[address] = Operator(
            address: address, tier: tier, models: models, expires: expires, lastHeartbeat: now)
        order.append(address)
    }

    mutating func beat(_ address: String, now: Double) {
        operators[address]?.lastHeartbeat = now
        operators[address]?.heartbeats += 1
    }

    /// Throws 401 for whoever has no valid certificate: the reference takes that as "attest again".
    func require(_ address: String, now: Double) throws {
        guard let known = operators[address] else {
            throw Refusal(401, "operator is not attested", forgotten.contains(address) ? nil : .notAttested)
        }
        guard now < known.expires else { throw Refusal(401, "certificate expired", .notAttested) }
    }

    mutating func forget(_ address: String) {
        operators[address] = nil
        order.removeAll { $0 == address }
        forgotten.insert(address)
    }

    mutating func count(_ change: WritableKeyPath<Operator, Int>, _ address: String) {
        operators[address]?[keyPath: change] += 1
    }

    package func active(now: Double) -> [String] {
        order.filter { address in
            guard let known = operators[address] else { return false }
            return now < known.expires && now - known.lastHeartbeat <= OperatorBook.heartbeatGrace
        }
    }

    /// Takes turns among the active operators: the leader is the next in line, verifiers are those behind it.
    ///
    /// - Parameter leader: pins the leader instead.
    package mutating func draw(_ count: Int, leader: String?, now: Double) -> [String]? {
        let active = active(now: now)
        guard count >= 1, active.count >= count else { return nil }
        var start = turn % active.count
        if let leader {
            guard let place = active.firstIndex(of: leader) else { return nil }
            start = place
        } else {
            turn += 1
        }
        return (0..<count).map { active[(start + $0) % active.count] }
    }

    func json(_ known: Operator, now: Double) -> JSONValue {
        [
            "operator_address": .string(known.address), "model_tiers": [.integer(known.tier)], "location": "unknown",
            "zdr_compliant": false, "jurisdiction": "global", "min_stake": 0,
            "active": .bool(active(now: now).contains(known.address)),
            "metrics": [
                "tasks_completed": .integer(known.deliveries), "tasks_accepted": 0, "tasks_rejected": 0,
                "reputation_score": 100, "total_slash_amount": .integer(known.failures),
                "last_heartbeat": .integer(Int(known.lastHeartbeat)),
            ],
        ]
    }

    func directory(now: Double) -> [JSONValue] {
        active(now: now).compactMap { operators[$0].map { json($0, now: now) } }
    }
}
