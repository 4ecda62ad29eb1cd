import Foundation
import Testing

/// scripts/claims.py, at work on a copy of the project's own claims.
@Suite("The claims and their tests")
struct ClaimsTests {
    private final class Project {
        let folder = FileManager.default.temporaryDirectory.appending(path: "claims-\(UUID().uuidString)")
        /// All tests that must pass.
        private(set) var names: [String] = []
        /// Two that prove one claim, a security test and another; and a security test that proves none.
        private(set) var (proof, elsewhere, other) = ("", "", "")
        /// SUITE/FUNCTION of the last.
        private(set) var otherFunction = ""

        init() throws {
            let checkout = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let sources = try FileManager.default.subpathsOfDirectory(atPath: checkout.appending(path: "Tests").path)
                .filter { $0.hasSuffix(".swift") }.map { "Tests/\($0)" }
            for name in ["README.md", "SECURITY.md", "docs", "scripts"] + sources {
                let copy = folder.appending(path: name)
                try FileManager.default.createDirectory(
                    at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
                try FileManager.default.copyItem(at: checkout.appending(path: name), to: copy)
            }
            let lists = try text("docs/claims.toml").matches(of: /(?s)tests = \[(.*?)\n?\]\n/).map(\.1)
            let claims = lists.map { $0.matches(of: /"((?:[^"\\]|\\.)*)"/).map { String($0.1) } }
            let security = try sources.filter { $0.hasPrefix("Tests/Security/") }.flatMap { name in
                try text(name).matches(of: /@Test\(\s*"((?:[^"\\]|\\.)*)"/).map { String($0.1) }
            }
            names = Set(claims.joined() + security).map { $0.replacing("\\\"", with: "\"") }.sorted()
            let mixed = try #require(claims.first { Set($0.map(security.contains)).count == 2 })
            proof = try #require(mixed.first(where: security.contains))
            elsewhere = try #require(mixed.first { !security.contains($0) })
            other = try #require(security.first { !claims.joined().contains($0) })
            for name in sources where name.hasPrefix("Tests/Security/") {
                let parts = try text(name).split(separator: "\"\(other)\"")
                guard parts.count == 2, let function = parts[1].firstMatch(of: /func (\w+)/) else { continue }
                otherFunction = "\(name.dropFirst("Tests/Security/".count).prefix { $0 != "." })/\(function.1)"
            }
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func text(_ path: String) throws -> String {
            try String(contentsOf: folder.appending(path: path), encoding: .utf8)
        }

        func change(_ path: String, _ change: (String) -> String) throws {
            let (before, file) = (try text(path), folder.appending(path: path))
            let after = change(before)
            try #require(after != before)
            try after.write(to: file, atomically: true, encoding: .utf8)
        }

        /// The lines of a run's log, with another outcome for some tests, and none for nil.
        func log(_ outcomes: [String: String?] = [:]) throws -> String {
            let lines = names.compactMap { name in
                (outcomes[name] ?? "passed").map { "✔ Test \"\(name)\" \($0) after 0.001 seconds." }
            }
            let file = folder.appending(path: "log-\(UUID().uuidString)")
            try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
            return file.path
        }

        func run(_ arguments: String...) throws -> (status: Int32, output: String) {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["python3", folder.appending(path: "scripts/claims.py").path] + arguments
            let output = Pipe()
            (process.standardOutput, process.standardError) = (output, output)
            try process.run()
            let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationStatus, text)
        }
    }

    @Test("a run in which every test passed proves every claim")
    func proven() throws {
        let project = try Project()
        let (status, output) = try project.run("check", try project.log())
        #expect(status == 0, "\(output)")
        #expect(output.contains("PASS  ") && !output.contains("FAIL  "))
        let table = try project.run("table", try project.log())
        let claims = try project.text("docs/claims.toml").matches(of: #/(?m)^says = /#).count
        #expect(table.status == 0 && table.output.matches(of: #/(?m)^PASS  /#).count == claims, "\(table.output)")
    }

    @Test(
        "a claim falls with one test that failed, was skipped or did not run",
        arguments: ["failed", "skipped", nil] as [String?], ["check", "table"])
    func fallen(_ outcome: String?, _ command: String) throws {
        let project = try Project()
        let log = try project.log([project.proof: outcome])
        let (status, output) = try project.run(command, log)
        #expect(status == 1 && output.contains("FAIL  ") && output.contains(project.proof), "\(output)")
        // A table of the security tests alone knows that others prove a claim as well.
        let (expected, word): (Int32, String) = outcome == nil && command == "table" ? (0, "PART  ") : (1, "FAIL  ")
        let partly = try project.run(command, try project.log([project.elsewhere: outcome]))
        #expect(partly.status == expected && partly.output.contains(word), "\(partly.output)")
        // Passed in another run, it still has not passed in this one.
        if outcome != nil { #expect(try project.run(command, log, project.log()).status == 1) }
        // A security test must pass though no claim needs it.
        let unclaimed = try project.run(command, try project.log([project.other: outcome]))
        #expect(unclaimed.status == 1 && unclaimed.output.contains(project.other), "\(unclaimed.output)")
    }

    @Test("what somebody else ran as well must have passed there too, but for what only the first can show")
    func again() throws {
        let project = try Project()
        let (all, without) = (try project.log(), try project.log([project.other: nil]))
        #expect(try project.run("table", all, "--again", "NoTests/none", all).status == 0)
        let (status, output) = try project.run("table", all, "--again", "NoTests/none", without)
        #expect(status == 1 && output.contains("not passed again: \(project.other)"), "\(output)")
        #expect(try project.run("table", all, "--again", "NoTests/none|\(project.otherFunction)", without).status == 0)
    }

    @Test("a claim without a test, with an unknown one, or that a document does not say, is found without a run")
    func unproven() throws {
        let project = try Project()
        #expect(try project.run("check").status == 0)
        let end = "<!-- end of chief claims -->"
        for (text, other) in [("| claim | proven by |\n|---|---|\n|", "| claim |\n"), (end, "- All is well.\n\(end)")] {
            try project.change("README.md") { $0.replacing(text, with: other) }
            #expect(try project.run("check").output.contains("README.md does not say what docs/claims.toml says"))
            #expect(try project.run("write").status == 0)
            #expect(try project.run("check").status == 0)
        }
        try project.change("docs/claims.toml") { $0.replacing("    \"\(project.proof)\",\n", with: "    \"none\",\n") }
        let unknown = try project.run("check")
        #expect(unknown.status == 1 && unknown.output.contains("0 tests are called: none"), "\(unknown.output)")
        try project.change("docs/claims.toml") { $0 + "\n[[claim]]\nsays = \"All is well.\"\ntests = []\n" }
        let empty = try project.run("check")
        #expect(empty.status == 1 && empty.output.contains("no test proves: All is well."), "\(empty.output)")
    }
}
