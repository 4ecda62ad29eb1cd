import DevnetCore
import Foundation
import Shared
import TestNetwork

/// What tests do to a devnet: bend its answers, make it forget, look at one job.
extension TestNetwork {
    var client: LoopbackClient { get throws { try LoopbackClient(url: url) } }

    /// Scripts a fault for the next calls whose path starts with `path`.
    ///
    /// - Parameter count: how many calls; 0 until cleared.
    func fault(
        _ path: String, _ action: String, count: Int = 1, status: Int? = nil, milliseconds: Int? = nil,
        after: Bool = false, contains: String? = nil
    ) throws {
        var body: [JSONValue.Member] = [
            .init("path", .string(path)), .init("action", .string(action)), .init("count", .integer(count)),
            .init("after", .bool(after)),
        ]
        if let status { body.append(.init("status", .integer(status))) }
        if let milliseconds { body.append(.init("ms", .integer(milliseconds))) }
        if let contains { body.append(.init("contains", .string(contains))) }
        _ = try client.json("POST", "/dev/fault", .object(body))
    }

    func clearFaults() throws { _ = try client.json("POST", "/dev/faults/clear", [:]) }

    func forget(_ node: TestNode) throws {
        _ = try client.json("POST", "/dev/forget", ["nodeAddress": .string(node.address)])
    }

    /// A job as the devnet saw it.
    func job(_ id: String) throws -> JSONValue { try client.json("GET", "/dev/jobs/" + id) }

    /// What one node did about a job: `state`, `claims`, `repeats`, `verdict` and so on.
    func progress(of node: TestNode, in id: String) throws -> JSONValue {
        try job(id)["nodes"]?.elements?.first { $0["address"]?.text == node.address } ?? .null
    }

    /// What the devnet knows of a node: `attestations`, `heartbeats`, `failures`.
    func operatorState(_ node: TestNode) throws -> JSONValue {
        try client.json("GET", "/dev/state")["nodes"]?.elements?.first { $0["address"]?.text == node.address } ?? .null
    }

    /// How often a node called a route, such as `GET /internal/challenge/*`.
    func calls(_ route: String, by node: TestNode) throws -> Int {
        try client.json("GET", "/dev/state")["calls"]?[node.address]?[route]?.int ?? 0
    }

    /// Waits until the devnet says so; false when it did not in time.
    func eventually(within seconds: Double = 60, _ condition: () async throws -> Bool) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    /// Asks one good mock question of `node` alone and waits for the devnet to have the answer.
    func serves(_ node: TestNode, model: String = "mock", within seconds: Double = 60) async throws -> Bool {
        let id = try Ask(self, model: model).submit(to: node)
        return try await eventually(within: seconds) { try job(id)["status"]?.text == "ACCEPTED" }
    }
}

extension ChildProcess {
    /// The first line of a JSON log with this event (and job), waited for.
    @discardableResult
    func event(_ name: String, job: String? = nil, within seconds: Double = 60) async throws -> JSONValue {
        let line = try await line(within: seconds) { line in
            line.contains("\"event\":\"\(name)\"") && (job.map { line.contains($0) } ?? true)
        }
        return try JSONValue(parsing: Array(line.utf8))
    }

    /// The code with which a job failed.
    func failure(of job: String, within seconds: Double = 60) async throws -> String {
        try await event("job_failed", job: job, within: seconds)["code"]?.text ?? "?"
    }

    func count(of event: String) -> Int {
        text.split(separator: "\n").filter { $0.contains("\"event\":\"\(event)\"") }.count
    }

    /// Asks to stop and answers the exit status.
    func stop(within seconds: Double = 10) async throws -> Int32 {
        signal(SIGTERM)
        return try await end(within: seconds)
    }

    /// No chance to say goodbye.
    func crash() async throws {
        signal(SIGKILL)
        _ = try await end()
    }
}

extension TestNode {
    /// A job's line of `jobs list`.
    func journalled(_ id: String) async throws -> [String: Any] {
        try await jobs().first { $0["job"] as? String == id } ?? [:]
    }
}
