import Foundation
import Glibc
import TestNetwork
import Testing

/// The drill program as a process beside a worker: of the same user, with one wall or none. The build folder may be closed
/// to that user: it runs a copy.
final class NeighbourProgram {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "drill-\(UUID().uuidString)")
    private let program: URL

    init() throws {
        program = folder.appending(path: "drill")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try FileManager.default.copyItem(at: URL(filePath: Security.drill).resolvingSymlinksInPath(), to: program)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// What it ends with when it does what the script says, behind that layer alone.
    func end(of script: String, behind layer: String) async throws -> Int32 {
        try await start(script, behind: layer).end()
    }

    /// A process that waits to be attacked, its layer built.
    func prey(behind layer: String) async throws -> ChildProcess {
        let process = try start("write 1 @ready\n 6; ppoll 0 0 0 0 0", behind: layer)
        try await process.line(within: 10) { $0 == "ready" }
        return process
    }

    /// A copy that belongs to this user, and runs with its rights for everybody.
    func ownedByRoot() throws -> String {
        let copy = folder.appending(path: "setuid")
        try FileManager.default.copyItem(at: program, to: copy)
        try #require(chmod(copy.path, 0o4755) == 0)
        return copy.path
    }

    private func start(_ script: String, behind layer: String) throws -> ChildProcess {
        let (arguments, log) = (["alone", layer, script], folder.appending(path: "log-\(UUID().uuidString)"))
        guard geteuid() == 0 else { return try ChildProcess(program, arguments, output: log) }
        let identity = ["--reuid=65534", "--regid=65534", "--clear-groups", program.path]
        return try ChildProcess(URL(filePath: "/usr/bin/setpriv"), identity + arguments, output: log)
    }
}
