internal import Foundation
internal import FoundationNetworking
package import Shared
internal import TestNetwork

/// A local chain with the network's contracts on it: a real EVM, and the bytecode of the published package.
///
/// Its own methods make it misbehave: `dev_fault`, `dev_reorg`, `dev_setBaseFee`, `dev_advanceTime` (devchain.py).
package final class TestChain: Sendable {
    package let url: String
    /// Addresses by the contracts' names.
    package let contracts: [String: String]
    /// Accounts that the chain itself signs for.
    package let deployer: String
    package let icl: String
    private let process: ChildProcess
    private let folder: URL

    package enum Failure: Error { case setUp(String), refused(JSONValue), noAnswer }

    /// - Parameters:
    ///   - funded: addresses that get 10 ETH and 10,000 BLIND.
    ///   - all: the attestation and commitment registries and the older registry as well.
    ///   - grace: seconds for which a heartbeat counts; 0 is what a fresh proxy has.
    ///   - cofhe: generation of CoFHE's contracts, with the devnet as signer; nil for the first without signers.
    package init(
        funding funded: [String] = [], all: Bool = false, grace: Int = 950_400, cofhe: String? = nil
    ) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "blindference-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let support = TestNetwork.support("devchain")
        let setUp = try ChildProcess(
            URL(filePath: "/bin/bash"), [support.appending(path: "setup.sh").path],
            output: folder.appending(path: "setup.log"))
        let isReady = try await setUp.end(within: 300) == 0
        let lines = setUp.text.split(separator: "\n").map(String.init)
        guard isReady, lines.count >= 2 else { throw Failure.setUp(setUp.text) }
        process = try ChildProcess(
            URL(filePath: lines[lines.count - 2]),
            [
                support.appending(path: "devchain.py").path, "--artifacts", lines[lines.count - 1], "--lifeline",
                "--heartbeat-grace", String(grace), "--contracts", all ? "all" : "node",
            ] + (cofhe.map { ["--cofhe", $0] + TestChain.signers } ?? [])
                + funded.flatMap { ["--fund", $0] }, output: folder.appending(path: "chain.log"))
        let ready = try await process.line(within: 60) { $0.hasPrefix("READY ") }
        url = String(ready.dropFirst("READY ".count))
        let deployment = try await TestChain.ask(url, "dev_deployment", [])
        guard case .object(let members)? = deployment["contracts"],
            let deployer = deployment["accounts"]?["deployer"]?["address"]?.text,
            let icl = deployment["accounts"]?["icl"]?["address"]?.text
        else { throw Failure.noAnswer }
        contracts = Dictionary(
            uniqueKeysWithValues: members.compactMap { member in
                member.value.text.map { (member.key, $0) }
            })
        self.deployer = deployer
        self.icl = icl
    }

    /// Of the test keys that the devnet signs results and inputs with.
    private static let signers = [
        "--result-signer", "0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1", "--input-signer",
        "0x5050A4F4b3f9338C3472dcC01A87C76A144b3c9c",
    ]

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Calls a method, the chain's own ones included.
    @discardableResult
    package func ask(_ method: String, _ params: JSONValue...) async throws -> JSONValue {
        try await TestChain.ask(url, method, params)
    }

    /// The next `count` calls of `method` do this instead: `{"error": …}`, `{"http": 503}`, `{"sleep": 5}` or
    /// `{"result": …}`; with `"about"`, those alone whose parameters contain all of these texts.
    package func fault(_ method: String, _ action: JSONValue, count: Int = 1) async throws {
        try await ask("dev_fault", .string(method), action, .integer(count))
    }

    /// Has the coordinator dispatch a job to the registry of commitments: sealed within 600 s, opened within 1200.
    ///
    /// - Parameters:
    ///   - job: `0x` and 64 digits.
    ///   - executor, crossVerifier: addresses.
    package func dispatch(_ job: String, to executor: String, _ crossVerifier: String) async throws {
        func word(_ digits: some StringProtocol) -> String {
            String(repeating: "0", count: 64 - digits.count) + digits.lowercased()
        }
        let block = try await ask("eth_getBlockByNumber", "latest", false)
        guard let now = (block["timestamp"]?.text?.dropFirst(2)).flatMap({ Int($0, radix: 16) }),
            let registry = contracts["ExecutionCommitmentRegistry"]
        else { throw Failure.noAnswer }
        // dispatch(invocation, escrow, agent, executor, crossVerifier, commitDeadline, revealDeadline)
        let words = [
            word(job.dropFirst(2)), word("1"), word("2"), word(executor.dropFirst(2)), word(crossVerifier.dropFirst(2)),
            word(String(now + 600, radix: 16)), word(String(now + 1200, radix: 16)),
        ]
        let call = "0x706f8893" + words.joined()
        try await ask(
            "eth_sendTransaction", ["from": .string(icl), "to": .string(registry), "data": .string(call)])
    }

    private static func ask(_ url: String, _ method: String, _ params: [JSONValue]) async throws -> JSONValue {
        var request = URLRequest(url: URL(string: url)!)
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let body: JSONValue = .object([
            .init("jsonrpc", "2.0"), .init("id", 1), .init("method", .string(method)), .init("params", .array(params)),
        ])
        request.httpBody = Data(body.encoded())
        let (data, _) = try await URLSession.shared.data(for: request)
        let answer = try JSONValue(parsing: Array(data))
        if let error = answer["error"], error != .null { throw Failure.refused(error) }
        guard let result = answer["result"] else { throw Failure.noAnswer }
        return result
    }
}
