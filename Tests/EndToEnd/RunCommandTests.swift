import Foundation
import Shared
import Synchronization
import TestNetwork
import Testing

@Suite("The commands: run and test-determinism", .crowd)
struct RunCommandTests {
    @Test("a second run in the same folder is refused, and one in another folder is not")
    func secondRun() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("one")
        let other = try await network.makeNode("two")
        let first = try await node.start()
        let second = try ChildProcess(
            TestNetwork.binaries.appending(path: "blindference-node"), ["run", "--password-file", node.passwordFile],
            environment: node.environment(), directory: node.folder, output: node.folder.appending(path: "second.log"))
        #expect(try await second.end() == 1)
        #expect(second.text.contains("runs in"))
        let third = try await other.start()
        #expect(try await third.stop() == 0)
        #expect(try await network.serves(node))
        #expect(try await first.stop() == 0)
    }

    @Test("sandbox show prints every call of the filter, with what it may be given and why")
    func sandbox() async throws {
        let operating = try Operator()
        defer { operating.remove() }
        let shown = try await operating.run("sandbox", "show", "--format", "json")
        #expect(shown.status == 0)
        let rows = try JSONValue(parsing: Array(shown.output.utf8)).elements ?? []
        let rules = SystemCallTable.current.rules
        #expect(rows.map { $0["call"]?.text } == rules.map(\.name))
        #expect(rows.map { $0["arguments"]?.text } == rules.map(\.constraint.text))
        #expect(rows.map { $0["reason"]?.text } == rules.map(\.reason))
        let table = try await operating.run("sandbox", "show", "--architecture", "aarch64")
        #expect(table.status == 0 && table.output.contains("ppoll") && table.output.contains("no PROT_EXEC"))
        #expect(table.output.contains("no test has attacked it") && !shown.output.contains("no test"))
    }

    @Test("a password and keys given as variables are not in /proc/PID/environ of the running node")
    func environment() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("one")
        let running = try ChildProcess(
            TestNetwork.binaries.appending(path: "blindference-node"), ["run"],
            environment: node.environment([
                "BLF_KEY_PASSWORD": "password of one", "GROQ_API_KEY": "gsk-of-the-operator",
            ]),
            directory: node.folder, output: node.folder.appending(path: "node.log"))
        try await running.event("node_started", within: 30)
        let block = try Data(contentsOf: URL(filePath: "/proc/\(running.pid)/environ"))
        #expect(block.firstRange(of: Data("BLF_ICL_ENDPOINT".utf8)) != nil, "the block was read")
        #expect(block.firstRange(of: Data("password of".utf8)) == nil)
        #expect(block.firstRange(of: Data("gsk-of".utf8)) == nil)
        #expect(try await running.stop() == 0)
    }

    @Test("attest prints its certificate; with the coordinator away it says so and exits with 1")
    func attest() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("one")
        let arguments = ["attest", "--mock", "--format", "json", "--password-file", node.passwordFile]
        let good = try await network.run("blindference-node", arguments, environment: node.environment())
        #expect(good.status == 0)
        let answer = try JSONValue(parsing: Array((good.output.split(separator: "\n").last ?? "").utf8))
        #expect(answer["address"]?.text == node.address)
        #expect(answer["tier"]?.int == 0)
        try network.fault("/internal", "close", count: 0)
        let away = try await network.run("blindference-node", arguments, environment: node.environment())
        #expect(away.status == 1)
        #expect(away.output.contains("attestation_failed") && away.output.contains("connectionLost"), "\(away.output)")
    }

    @Test("old names and values that have no effect are noted in the log")
    func notes() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("one")
        let running = try await node.start(["BLF_FHENIX_RPC": "https://rpc.example"])
        let note = try await running.event("configuration_note")
        #expect(note["note"]?.text == "BLF_FHENIX_RPC is an old name of BLF_RPC_URL.")
    }

    @Test("the mock is deterministic, and a model that answers differently each time is refused")
    func determinism() async throws {
        let operating = try Operator()
        defer { operating.remove() }
        let mock = try await operating.run(
            "test-determinism", "mock", "--format", "json", environment: ["BLF_MOCK_MODEL_IDS": "mock"])
        #expect(mock.status == 0, "\(mock.output)")
        #expect(mock.output.contains("\"deterministic\":true"))
        let count = Mutex(0)
        let moody = try ModelServer { _ in
            ModelServer.answer("Answer number \(count.withLock { $0 += 1; return $0 })")
        }
        let result = try await operating.run("test-determinism", "toy", environment: moody.settings)
        #expect(result.status == 1)
        #expect(result.output.contains("two different answers"), "\(result.output)")
        #expect(moody.asked == 2)
        let steady = try ModelServer(saying: "Blue, green, red.")
        #expect(try await operating.run("test-determinism", "toy", environment: steady.settings).status == 0)
        steady.server.stop()
        let away = try await operating.run("test-determinism", "toy", environment: steady.settings)
        #expect(away.status == 1)
        #expect(away.output.contains("model_unreachable"), "\(away.output)")
    }
}
