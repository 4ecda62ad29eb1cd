import Foundation
import TestNetwork

/// Somebody at a terminal, who gives the password and answers the one question that follows it.
struct Terminal {
    let password: String
    let environment: [String: String]
    let folder: URL

    /// Runs `blindference-node` to its end; what the terminal showed.
    func run(_ arguments: String..., answering answer: String) async throws -> (status: Int32, shown: String) {
        let child = try ChildProcess(
            URL(filePath: "/usr/bin/python3"),
            [
                TestNetwork.root.appending(path: "Tests/Support/terminal.py").path, password, answer,
                TestNetwork.binaries.appending(path: "blindference-node").path,
            ] + arguments, environment: environment, directory: folder,
            output: folder.appending(path: "terminal-\(UUID().uuidString).log"))
        return (try await child.end(within: 60), child.text)
    }
}
