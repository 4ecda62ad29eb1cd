internal import Foundation
internal import FoundationNetworking
internal import Shared
internal import TestNetwork

/// The process of a chain; it ends with its last holder, or with the tests' own process.
final class RunningChain: Sendable {
    struct Kind: Equatable {
        let all: Bool
        let grace: Int
        let cofhe: String?
    }

    let kind: Kind
    let process: ChildProcess
    let url: String
    let contracts: [String: String]
    let deployer: String
    let icl: String
    /// The chain counts the snapshots that it has, and has one at a time.
    private static let snapshot: JSONValue = "0x1"

    init(_ kind: Kind) async throws {
        self.kind = kind
        let folder = FileManager.default.temporaryDirectory.appending(path: "blindference-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // The chain goes on writing into its removed log: what is of use in it is in the error of a failed start.
        defer { try? FileManager.default.removeItem(at: folder) }
        let support = TestNetwork.root.appending(path: "Tests/Support/devchain")
        let setUp = try ChildProcess(
            URL(filePath: "/bin/bash"), [support.appending(path: "setup.sh").path],
            output: folder.appending(path: "setup.log"))
        let isReady = try await setUp.end(within: 300) == 0
        let lines = setUp.text.split(separator: "\n").map(String.init)
        guard isReady, lines.count >= 2 else { throw TestChain.Failure.setUp(setUp.text) }
        process = try ChildProcess(
            URL(filePath: lines[lines.count - 2]),
            [
                support.appending(path: "devchain.py").path, "--artifacts", lines[lines.count - 1], "--lifeline",
                "--heartbeat-grace", String(kind.grace), "--contracts", kind.all ? "all" : "node",
            ] + (kind.cofhe.map { ["--cofhe", $0] + RunningChain.signers } ?? []),
            output: folder.appending(path: "chain.log"))
        let ready = try await process.line(within: 60) { $0.hasPrefix("READY ") }
        url = String(ready.dropFirst("READY ".count))
        let deployment = try await RunningChain.ask(url, "dev_deployment", [])
        guard case .object(let members)? = deployment["contracts"],
            let deployer = deployment["accounts"]?["deployer"]?["address"]?.text,
            let icl = deployment["accounts"]?["icl"]?["address"]?.text
        else { throw TestChain.Failure.noAnswer }
        contracts = Dictionary(
            uniqueKeysWithValues: members.compactMap { member in
                member.value.text.map { (member.key, $0) }
            })
        self.deployer = deployer
        self.icl = icl
        try await takeSnapshot()
    }

    /// Of the test keys that the devnet signs results and inputs with.
    private static let signers = [
        "--result-signer", "0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1", "--input-signer",
        "0x5050A4F4b3f9338C3472dcC01A87C76A144b3c9c",
    ]

    /// Makes the chain what it was when it was new.
    func revert() async throws {
        guard try await RunningChain.ask(url, "evm_revert", [RunningChain.snapshot]) == true else {
            throw TestChain.Failure.noAnswer
        }
        try await takeSnapshot()
    }

    private func takeSnapshot() async throws {
        guard try await RunningChain.ask(url, "evm_snapshot", []) == RunningChain.snapshot else {
            throw TestChain.Failure.noAnswer
        }
    }

    static func ask(_ url: String, _ method: String, _ params: [JSONValue]) async throws -> JSONValue {
        var request = URLRequest(url: URL(string: url)!)
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let body: JSONValue = .object([
            .init("jsonrpc", "2.0"), .init("id", 1), .init("method", .string(method)), .init("params", .array(params)),
        ])
        request.httpBody = Data(body.encoded())
        let (data, _) = try await URLSession.shared.data(for: request)
        let answer = try JSONValue(parsing: Array(data))
        if let error = answer["error"], error != .null { throw TestChain.Failure.refused(error) }
        guard let result = answer["result"] else { throw TestChain.Failure.noAnswer }
        return result
    }
}
