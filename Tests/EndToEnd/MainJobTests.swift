import Foundation
import Shared
import TestNetwork
import Testing

@Suite("The main job, end to end", .crowd)
struct MainJobTests {
    @Test("a leader and two verifiers serve an encrypted prompt, and the user reads the answer")
    func quorum() async throws {
        let network = try await TestNetwork()
        var running: [ChildProcess] = []
        for name in ["one", "two", "three"] { running.append(try await network.makeNode(name).start()) }
        let prompt = "A confidential question, with \"quotes\", é and 😀\n"
        let (status, answer) = try await network.submit(model: "mock", prompt: prompt)
        #expect(status == 0)
        #expect(answer["status"] as? String == "ACCEPTED")
        let digest = Hexadecimal.encode(SHA256.hash(Array("mock:\(prompt)".utf8)))
        #expect(answer["answer"] as? String == "MOCK_OUTPUT_" + digest)
        let violations = try await network.violations()
        #expect(violations.count == 0, "\(violations.text)")
        for node in running {
            node.signal(SIGTERM)
            #expect(try await node.end() == 0)
            #expect(node.text.contains("node_stopped"))
            #expect(!node.text.contains("confidential question"))
        }
    }
}
