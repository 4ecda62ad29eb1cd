package import Foundation

/// One node of a test network: its folder, its settings, and the running process when there is one.
package final class TestNode: Sendable {
    package let name: String
    package let folder: URL
    package let address: String
    package let network: TestNetwork

    init(name: String, network: TestNetwork, privateKey: String?) async throws {
        self.name = name
        self.network = network
        folder = network.directory.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try TestNode.writeSecret("password of \(name)", to: folder.appending(path: "password"))
        var arguments = [
            "init", "--config-dir", folder.path, "--password-file", folder.appending(path: "password").path,
        ]
        if let privateKey {
            try TestNode.writeSecret(privateKey, to: folder.appending(path: "key"))
            arguments += ["--private-key-file", folder.appending(path: "key").path]
        }
        let made = try await network.run("blindference-node", arguments)
        let words = made.output.split(whereSeparator: \.isWhitespace)
        guard made.status == 0, let address = words.first(where: { $0.hasPrefix("0x") && $0.count == 42 }) else {
            throw ChildProcess.Failure.timedOut("blindference-node init", output: made.output)
        }
        self.address = String(address)
    }

    /// Settings that make a node of this network; `extra` wins.
    package func environment(_ extra: [String: String] = [:]) -> [String: String] {
        [
            "BLF_CONFIG_DIR": folder.path, "BLF_ICL_ENDPOINT": network.url,
            "BLF_COFHE_ENDPOINT": network.url + "/cofhe",
            "BLF_COFHE_MODE": "python", "BLF_IPFS_GATEWAY": network.url, "BLF_IPFS_FALLBACK_GATEWAYS": "",
            "BLF_IPFS_UPLOAD_URL": network.url + "/api/v0", "BLF_MOCK_MODEL_IDS": "mock", "BLF_LOG_LEVEL": "DEBUG",
            "BLF_LOG_FORMAT": "json",
        ].merging(TestNode.ofUser) { $1 }.merging(extra) { $1 }
    }

    /// Most machines let an ordinary user lock 8 MiB; a worker for prompts of the usual length locks more.
    package static let ofUser = geteuid() == 0 ? [:] : ["BLF_MAX_PROMPT_BYTES": "65536"]

    package var passwordFile: String { folder.appending(path: "password").path }

    /// Starts `run` and waits until the node is attested and polls.
    package func start(_ extra: [String: String] = [:], log: String = "node.log") async throws -> ChildProcess {
        let child = try ChildProcess(
            TestNetwork.binaries.appending(path: "blindference-node"), ["run", "--password-file", passwordFile],
            environment: environment(extra), directory: folder, output: folder.appending(path: log))
        try await child.line(within: 30) { $0.contains("node_started") }
        return child
    }

    /// The journal as `jobs list` shows it.
    package func jobs() async throws -> [[String: Any]] {
        let listed = try await network.run(
            "blindference-node", ["jobs", "list", "--config-dir", folder.path, "--format", "json", "--limit", "100"])
        return try JSONSerialization.jsonObject(with: Data(listed.output.utf8)) as? [[String: Any]] ?? []
    }

    private static func writeSecret(_ text: String, to file: URL) throws {
        _ = FileManager.default.createFile(
            atPath: file.path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
    }
}
