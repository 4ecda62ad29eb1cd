import Foundation
import TestNetwork
import Testing

/// A folder and the node's program, without a network.
struct Operator {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "blindference-operator-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try write("password", "correct horse", mode: 0o600)
    }

    func file(_ name: String) -> String { folder.appending(path: name).path }

    @discardableResult
    func write(_ name: String, _ text: String, mode: Int) throws -> String {
        try? FileManager.default.removeItem(atPath: file(name))
        _ = FileManager.default.createFile(
            atPath: file(name), contents: Data(text.utf8), attributes: [.posixPermissions: mode])
        return file(name)
    }

    func read(_ name: String) throws -> String { try String(contentsOfFile: file(name), encoding: .utf8) }

    /// Runs `blindference-node` in the folder to its end. Its input is closed: there is no terminal.
    func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> (
        status: Int32, output: String
    ) { try await run(arguments, environment: environment) }

    func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> (
        status: Int32, output: String
    ) {
        let child = try ChildProcess(
            TestNetwork.binaries.appending(path: "blindference-node"), arguments,
            environment: ["BLF_CONFIG_DIR": folder.path].merging(environment) { $1 }, directory: folder,
            output: folder.appending(path: "output-\(UUID().uuidString)"))
        child.closeInput()
        return (try await child.end(within: 60), child.text)
    }

    /// `init` with the folder's password.
    func initialise() async throws {
        let made = try await run("init", "--password-file", file("password"))
        try #require(made.status == 0, "\(made.output)")
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}
