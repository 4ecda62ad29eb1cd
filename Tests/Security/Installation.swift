import Foundation
import TestNetwork

/// A folder with copies of the node and its worker, as an installation has them, and nothing else.
final class Installation {
    let folder = FileManager.default.temporaryDirectory.appending(path: "blindference-\(UUID().uuidString)")
    var worker: URL { folder.appending(path: "blindference-worker") }

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in ["blindference-node", "blindference-worker"] {
            let source = TestNetwork.binaries.appending(path: name).resolvingSymlinksInPath()
            try FileManager.default.copyItem(at: source, to: folder.appending(path: name))
        }
        try FileManager.default.createDirectory(at: folder.appending(path: "c"), withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Runs the node; by default a command that has the mock answer in two workers.
    ///
    /// - Parameter rights: options of setpriv.
    func run(
        _ arguments: [String] = ["test-determinism", "mock"], settings: [String: String] = [:],
        with rights: [String] = ["--no-new-privs"]
    ) async throws -> (status: Int32, output: String) {
        let environment = ["BLF_CONFIG_DIR": folder.appending(path: "c").path, "BLF_MOCK_MODEL_IDS": "mock"]
        let child = try ChildProcess(
            URL(filePath: "/usr/bin/setpriv"),
            rights + [folder.appending(path: "blindference-node").path] + arguments,
            environment: environment.merging(TestNode.ofUser) { $1 }.merging(settings) { $1 }, directory: folder,
            output: folder.appending(path: "output"))
        child.closeInput()
        return (try await child.end(within: 60), child.text)
    }
}
