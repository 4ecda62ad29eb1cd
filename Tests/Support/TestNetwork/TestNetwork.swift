package import Foundation
internal import FoundationNetworking

/// A devnet and nodes as an operator would start them: the release programs, real processes, loopback only.
package final class TestNetwork: Sendable {
    package let url: String
    package let devnet: ChildProcess
    package let directory: URL

    /// Where the programs under test are: `BLF_TEST_BINARIES`, else the release build.
    package static let binaries: URL = {
        if let path = ProcessInfo.processInfo.environment["BLF_TEST_BINARIES"] { return URL(filePath: path) }
        return root.appending(path: ".build/release")
    }()

    /// The checkout, or what of it this user may read: `BLF_TEST_CHECKOUT`.
    package static let root: URL = {
        if let path = ProcessInfo.processInfo.environment["BLF_TEST_CHECKOUT"] { return URL(filePath: path) }
        return URL(filePath: #filePath).appending(path: "../../../..").standardizedFileURL
    }()

    package convenience init(_ options: String...) async throws { try await self.init(options: options) }

    package init(options: [String]) async throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "blindference-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        devnet = try ChildProcess(
            TestNetwork.binaries.appending(path: "blindference-devnet"),
            ["serve", "--port", "0", "--lifeline"] + options,
            output: directory.appending(path: "devnet.log"))
        let ready = try await devnet.line(within: 20) { $0.hasPrefix("ready ") }
        url = String(ready.dropFirst("ready ".count))
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// A configuration folder with a wallet of its own, made by `init`.
    package func makeNode(_ name: String, privateKey: String? = nil) async throws -> TestNode {
        try await TestNode(name: name, network: self, privateKey: privateKey)
    }

    /// Runs a program of the project to its end; its status and output.
    package func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], within seconds: Double = 60
    ) async throws -> (status: Int32, output: String) {
        let child = try ChildProcess(
            TestNetwork.binaries.appending(path: program), arguments, environment: environment,
            output: directory.appending(path: "\(program)-\(UUID().uuidString).log"))
        child.closeInput()
        let status = try await child.end(within: seconds)
        return (status, child.text)
    }

    /// What `submit` printed as JSON, and its exit status: 0 only when the quorum accepted and the answer could be read.
    /// Without `leader` the nodes take turns.
    package func submit(
        model: String, prompt: String, verifiers: Int = 2, leader: String? = nil, timeout: Int = 60
    ) async throws -> (status: Int32, answer: [String: Any]) {
        let file = directory.appending(path: "prompt-\(UUID().uuidString)")
        try prompt.write(to: file, atomically: true, encoding: .utf8)
        let result = try await run(
            "blindference-devnet",
            [
                "submit", "--url", url, "--model", model, "--prompt-file", file.path, "--verifiers", String(verifiers),
                "--timeout", String(timeout), "--format", "json",
            ] + (leader.map { ["--leader", $0] } ?? []), within: Double(timeout) + 20)
        let line = result.output.split(separator: "\n").last { $0.hasPrefix("{") } ?? "{}"
        return (result.status, try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:])
    }

    /// The protocol errors that the devnet recorded, one line each.
    package func violations() async throws -> (count: Int, text: String) {
        let result = try await run("blindference-devnet", ["report", "--url", url])
        let count = result.output.split(separator: "\n").first { $0.hasSuffix("protocol errors") }?.split(
            separator: " "
        ).first
        return (count.flatMap { Int($0) } ?? -1, result.output)
    }

    /// The devnet's own state: jobs, nodes, counters.
    package func state() async throws -> [String: Any] {
        let (data, _) = try await URLSession.shared.data(from: URL(string: url + "/dev/state")!)
        return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }
}
