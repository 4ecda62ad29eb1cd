import Foundation
import TestNetwork

/// Somebody at a terminal, who knows the password and answers questions in their order.
struct Terminal {
    let password: String
    let environment: [String: String]
    let folder: URL

    /// Runs `blindference-node` to its end; what the terminal showed.
    ///
    /// - Parameters:
    ///   - first: answers to what is asked before the password.
    ///   - answers: to what is asked after it.
    func run(
        _ arguments: String..., first: [String] = [], answering answers: String...
    ) async throws -> (status: Int32, shown: String) {
        let child = try ChildProcess(
            URL(filePath: "/usr/bin/python3"),
            [
                TestNetwork.root.appending(path: "Tests/Support/terminal.py").path,
                (first + [password] + answers).joined(separator: "\n"),
                TestNetwork.binaries.appending(path: "blindference-node").path,
            ] + arguments, environment: environment, directory: folder,
            output: folder.appending(path: "terminal-\(UUID().uuidString).log"))
        return (try await child.end(within: 60), child.text)
    }
}
