import Foundation
import LoopbackServer
import Shared
import TestChain
import TestNetwork
import Testing

/// Addresses of most providers' endpoints carry an API key, in their path or their query.
@Suite("The API key in rpc_url", .crowd)
struct EndpointSecretTests {
    private static let key = "canary-of-the-endpoint"
    private static let target = "/v2/\(key)?token=\(key)"

    @Test("it is in no output, no log and no file of a command or a running node, whatever the endpoint does")
    func unseen() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("node")
        let chain = try await TestChain(funding: [node.address])
        // They repeat how they were called.
        let failing = try LoopbackServer { .json($0.target, status: 503) }
        let talking = try LoopbackServer { request in
            let id = (try? JSONValue(parsing: request.body)["id"]?.int) ?? 0
            return .json(
                #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":-32001,"message":"no such key: \#(request.target)"}}"#)
        }
        let endpoints = [
            (chain.url, Int32(0), "chain_unregistered"), (failing.base, 1, "chain_look_failed"),
            (talking.base, 1, "chain_look_failed"), ("http://127.0.0.1:9", 1, "chain_look_failed"),
        ]
        for (endpoint, status, event) in endpoints {
            let settings = try chain.settings().merging(["BLF_RPC_URL": endpoint + Self.target]) { $1 }
            for command in [
                ["staking", "status"], ["balance"], ["attest", "--yes", "--dry-run"], ["staking", "stake", "1000"],
                ["doctor"],
            ] {
                let opens = ["attest", "stake"].contains { command.contains($0) }
                let result = try await network.run(
                    "blindference-node", command + (opens ? ["--password-file", node.passwordFile] : []),
                    environment: node.environment(settings))
                #expect(!result.output.contains(Self.key), "\(endpoint) \(command): \(result.output)")
                #expect(!result.output.isEmpty)
                if !opens, command != ["doctor"] { #expect(result.status == status, "\(result.output)") }
            }
            let running = try await node.start(settings, log: "\(event)-\(status).log")
            try await running.event(event)
            #expect(try await running.stop() == 0)
        }
        for server in [failing, talking] {
            #expect(
                !server.requests.isEmpty && server.requests.allSatisfy { $0.target == Self.target || $0.target == "/" })
            #expect(server.requests.contains { $0.target == Self.target }, "it was called by its key")
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: node.folder.path)
        #expect(names.contains("journal.sqlite") && names.contains("chain_look_failed-1.log"))
        for name in names {
            let bytes = try Data(contentsOf: node.folder.appending(path: name))
            #expect(bytes.firstRange(of: Data(Self.key.utf8)) == nil, "\(name)")
        }
    }

    @Test("one that stands in front of the host is refused, and not repeated")
    func userInformation() async throws {
        let operating = try Operator()
        defer { operating.remove() }
        try await operating.initialise()
        for url in ["https://user:\(Self.key)@rpc.example/", "https://\(Self.key)@rpc.example/"] {
            for command in [["staking", "status"], ["run", "--password-file", operating.file("password")]] {
                let result = try await operating.run(command, environment: ["BLF_RPC_URL": url])
                #expect(result.status == 1 && result.output.contains("rpc_url"), "\(result.output)")
                #expect(!result.output.contains(Self.key), "\(result.output)")
            }
        }
    }
}
