import Foundation
import TestNetwork
import Testing

@Suite("A real model, end to end", .serialized, .timeLimit(.minutes(15)))
struct RealModelTests {
    private static let model = "gemma3-270m"

    @Test("three nodes ask one language model and agree, and the user reads what it said")
    func capital() async throws {
        let network = try await TestNetwork()
        let server = try ChildProcess(
            TestNetwork.root.appending(path: "deploy/local-llm/run.sh"), ["0", "--lifeline"],
            output: network.directory.appending(path: "model.log"))
        // The first start of a machine downloads 280 MB.
        let ready = try await server.line(within: 600) { $0.hasPrefix("ready ") }
        let settings = [
            "BLF_OPENAI_BASE_URL": String(ready.dropFirst("ready ".count)),
            "BLF_OPENAI_MODEL_IDS": RealModelTests.model, "BLF_MOCK_MODEL_IDS": "",
        ]
        var nodes: [(node: TestNode, process: ChildProcess)] = []
        for name in ["one", "two", "three"] {
            let node = try await network.makeNode(name)
            nodes.append((node, try await node.start(settings)))
        }
        let leader = nodes[0]
        let held = try await network.holdLeader(leader.node.address)
        let (status, answer) = try await network.submit(
            model: RealModelTests.model, prompt: "What is the capital of France?", leader: leader.node.address,
            timeout: 280)
        try await held.value
        let logs = nodes.map(\.process.text).joined()
        #expect(status == 0, "\(answer) \(logs)")
        #expect(answer["status"] as? String == "ACCEPTED")
        #expect((answer["answer"] as? String)?.contains("Paris") == true, "\(answer)")
        #expect(answer["commitmentMatches"] as? Bool == true)
        let delivered = try await network.deliveries(of: answer["jobId"] as? String ?? "", within: 280)
        #expect(Set(delivered.compactMap { $0["commitment"] as? String }).count == 1, "\(delivered) \(logs)")
        #expect(leader.process.text.contains(#""event":"inference_started","backend":"openai""#), "\(logs)")
        #expect(!logs.contains("capital") && !logs.contains("Paris"))
        let violations = try await network.violations()
        #expect(violations.count == 0, "\(violations.text)")

        let determinism = try await network.run(
            "blindference-node", ["test-determinism", RealModelTests.model],
            environment: leader.node.environment(settings), within: 280)
        #expect(determinism.status == 0, "\(determinism.output)")
        for (_, process) in nodes { process.signal(SIGTERM) }
        for (_, process) in nodes { #expect(try await process.end() == 0) }
        server.closeInput()
        #expect(try await server.end() == 0)
    }
}
