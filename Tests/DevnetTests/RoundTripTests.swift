import DevnetCore
import Foundation
import Shared
import Testing

@Suite struct RoundTripTests {
    /// Three honest nodes that poll until they are told to stop.
    private func serveJobs(_ nodes: [ScriptedNode], until done: () -> Bool) throws {
        while !done() {
            for node in nodes {
                for assignment in try node.assignments() {
                    if assignment["role"]?.text == "leader" {
                        try node.lead(assignment)
                    } else {
                        try node.verify(assignment)
                    }
                }
            }
        }
    }

    @Test func `a question is answered by three honest nodes without one protocol error`() async throws {
        var settings = Devnet.Settings()
        settings.nodes = 3
        // Verifiers wait for the leader, so that one thread can play all three nodes.
        settings.rules.lateVerifiers = true
        let devnet = Devnet(settings)
        let server = try devnet.serve()
        defer { server.stop() }
        let url = server.url
        let asked = Task.detached {
            try Question(url: url, model: "mock", prompt: Array("2 + 2?".utf8), verifiers: 2, timeout: 20).ask()
        }
        let client = try LoopbackClient(url: url)
        let nodes = try (0..<3).map { _ in try ScriptedNode(client: client) }
        for node in nodes { try node.attest() }
        let limit = Date.now.addingTimeInterval(20)
        try serveJobs(nodes) {
            let jobs = (try? client.json("GET", "/dev/state"))?["jobs"]?.elements ?? []
            return jobs.contains { $0["status"]?.text == "ACCEPTED" } || Date.now > limit
        }
        let answered = try await asked.value
        #expect(answered.isAccepted)
        let hash = SHA256.hash(Array("mock:2 + 2?".utf8))
        #expect(answered.answer == Array("MOCK_OUTPUT_\(Hexadecimal.encode(hash))".utf8))
        #expect(answered.commitmentMatches != false)
        #expect(devnet.ledger.entries.map(\.violation) == [])
    }

    @Test func `a batch for a verifier has its leader's results already`() throws {
        let devnet = Devnet()
        let server = try devnet.serve()
        defer { server.stop() }
        let client = try LoopbackClient(url: server.url)
        let node = try ScriptedNode(client: client)
        let jobs = try Batch(
            jobs: 3, model: "mock", promptBytes: 100, node: node.address, verifiers: nil, timeout: 5
        ).queue(url: server.url)
        try node.attest()
        let offered = try node.assignments()
        #expect(offered.compactMap { $0["jobId"]?.text } == jobs)
        for assignment in offered { try node.verify(assignment) }
        for job in jobs {
            #expect(try client.json("GET", "/v1/inference/task/" + job)["status"]?.text == "ACCEPTED")
        }
        #expect(devnet.ledger.entries.map(\.violation) == [])
    }

    @Test func `without enough operators a question is not drawn`() throws {
        let server = try Devnet().serve()
        defer { server.stop() }
        let question = Question(url: server.url, model: "mock", prompt: [1], verifiers: 0, timeout: 1)
        #expect(throws: UserSession.Failure.notDrawn("0 of 1 operators are active")) { _ = try question.ask() }
    }
}
