internal import Foundation
internal import FoundationNetworking

extension TestNetwork {
    package enum Late: Error { case nodes, claims, deliveries }

    /// The addresses of the nodes that are active, once there are `count` of them.
    package func activeNodes(_ count: Int, within seconds: Double = 30) async throws -> [String] {
        var active: [String] = []
        try await wait(seconds, else: .nodes) { state in
            active = (state["nodes"] as? [[String: Any]] ?? []).filter { $0["active"] as? Bool == true }
                .compactMap { $0["address"] as? String }
            return active.count >= count
        }
        return active
    }

    /// Keeps `leader` from its next job until all verifiers of that job have claimed it. Otherwise the leader and the
    /// verifier that polls first decide the quorum, and a decided job is offered to nobody.
    ///
    /// - Returns: what throws when they have not in time; await it after `submit`.
    package func holdLeader(_ leader: String, within seconds: Double = 60) async throws -> Task<Void, any Error> {
        try await control(
            "dev/fault", #"{"path":"/internal/assignments/","node":"\#(leader)","action":"status","count":0}"#)
        let jobs = (try await state()["jobs"] as? [Any] ?? []).count
        return Task {
            try await wait(seconds, else: .claims) { state in
                let all = state["jobs"] as? [[String: Any]] ?? []
                let nodes = all.last?["nodes"] as? [[String: Any]] ?? []
                let verifiers = nodes.filter { $0["address"] as? String != leader }
                return all.count > jobs && verifiers.allSatisfy { $0["claims"] as? Int != 0 }
            }
            try await control("dev/faults/clear", "{}")
        }
    }

    /// What each node of a job delivered, once all have.
    package func deliveries(of job: String, within seconds: Double = 60) async throws -> [[String: Any]] {
        var nodes: [[String: Any]] = []
        try await wait(seconds, else: .deliveries) { state in
            let found = (state["jobs"] as? [[String: Any]] ?? []).first { $0["jobId"] as? String == job }
            nodes = found?["nodes"] as? [[String: Any]] ?? []
            return !nodes.isEmpty && nodes.allSatisfy { $0["commitment"] is String }
        }
        return nodes
    }

    /// The protocol errors as code and node, for tests in which a peer is known to make some.
    package func errors() async throws -> [(code: String, node: String)] {
        (try await state()["errors"] as? [[String: Any]] ?? []).map {
            ($0["code"] as? String ?? "?", $0["node"] as? String ?? "-")
        }
    }

    private func wait(_ seconds: Double, else late: Late, until isSo: ([String: Any]) -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        while !isSo(try await state()) {
            guard ContinuousClock.now < end else { throw late }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func control(_ path: String, _ body: String) async throws {
        var request = URLRequest(url: URL(string: "\(url)/\(path)")!)
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = Data(body.utf8)
        let (_, response) = try await URLSession.shared.data(for: request)
        guard (response as? HTTPURLResponse)?.statusCode == 200 else { throw URLError(.badServerResponse) }
    }
}
