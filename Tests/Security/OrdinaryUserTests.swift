import Foundation
import TestNetwork
import Testing

extension Security {
    @Suite("A node of an ordinary user")
    struct OrdinaryUserTests {
        /// A user with no rights and no other processes.
        private static let nobody = 65534

        @Test("no other process of the same user reads a supervisor's or a worker's memory")
        func sameUser() async throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "blindference-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            let open: [FileAttributeKey: Any] = [.posixPermissions: 0o777]
            let work = folder.appending(path: "work")
            try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true, attributes: open)
            // The build folder may be closed to others.
            for program in ["blindference-node", "blindference-worker", "blindference-devnet"] {
                let source = TestNetwork.binaries.appending(path: program).resolvingSymlinksInPath()
                try FileManager.default.copyItem(at: source, to: folder.appending(path: program))
            }
            let script = folder.appending(path: "look.sh")
            try FileManager.default.copyItem(
                at: TestNetwork.root.appending(path: "Tests/Support/ordinary-user/look.sh"), to: script)
            try FileManager.default.setAttributes(open, ofItemAtPath: work.path as String)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path as String)
            let child = try ChildProcess(
                URL(filePath: "/usr/bin/setpriv"),
                [
                    "--reuid=\(Self.nobody)", "--regid=\(Self.nobody)", "--clear-groups", "/bin/bash",
                    script.path as String,
                    folder.path as String, work.path as String,
                ], output: folder.appending(path: "look.log"))
            #expect(try await child.end(within: 60) == 0, "\(child.text)")
            let lines = child.text.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count == 3 }
            // The devnet hides nothing: the look can see.
            #expect(lines.contains { $0[0] == "devnet" && (Int($0[2]) ?? 0) > 0 }, "\(child.text)")
            #expect(lines.filter { $0[0] == "supervisor" }.map { $0[2] } == ["0"], "\(child.text)")
            let workers = lines.filter { $0[0] == "worker" }
            #expect(!workers.isEmpty && workers.allSatisfy { $0[1] == "2" && $0[2] == "0" }, "\(child.text)")
        }
    }
}
