import Foundation
import TestNetwork

/// The published Python node as it comes from the package index: a black box in a process of its own.
struct ReferenceNode {
    let process: ChildProcess

    private static let scripts = TestNetwork.root.appending(path: "Tests/Support/reference-node")

    /// Makes the virtual environment; a second call only looks whether it is there.
    static func install() async throws {
        let log = FileManager.default.temporaryDirectory.appending(path: "reference-node-\(UUID().uuidString).log")
        defer { try? FileManager.default.removeItem(at: log) }
        let setup = try ChildProcess(scripts.appending(path: "setup.sh"), [], output: log)
        setup.closeInput()
        guard try await setup.end(within: 600) == 0 else {
            throw ChildProcess.Failure.timedOut("setup.sh", output: setup.text)
        }
    }

    /// Starts a node with a key that owns nothing. It is ready when the devnet calls it active.
    init(_ name: String, on network: TestNetwork, model: String) throws {
        let key = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        process = try ChildProcess(
            ReferenceNode.scripts.appending(path: "run.sh"),
            [network.directory.appending(path: name).path, network.url, network.url + "/cofhe", network.url, model],
            environment: ["BLF_PRIVATE_KEY": "0x" + key.map { String(format: "%02x", $0) }.joined()],
            output: network.directory.appending(path: "\(name).log"))
    }
}
