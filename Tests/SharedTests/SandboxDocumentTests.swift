import Foundation
import Testing

@testable import Shared

@Suite("The published sandbox")
struct SandboxDocumentTests {
    /// The lines under a heading of docs/sandbox.md.
    private func section(_ heading: String) throws -> [String] {
        let file = URL(filePath: #filePath).appending(path: "../../../docs/sandbox.md").standardizedFileURL
        let lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
        let start = try #require(lines.firstIndex(of: "## " + heading))
        return lines[(start + 1)...].prefix { !$0.hasPrefix("## ") }
    }

    /// The rows of its table.
    private func rows(under heading: String) throws -> [String] {
        try section(heading).filter { $0.hasPrefix("| `") }
    }

    @Test("docs/sandbox.md lists exactly the calls of the filter", arguments: SystemCallTable.Architecture.allCases)
    func calls(_ architecture: SystemCallTable.Architecture) throws {
        let expected = SystemCallTable.of(architecture).rules.map { rule in
            "| `\(rule.name)` | \(rule.constraint.text) | \(rule.reason) |"
        }
        let heading = "System calls, \(architecture.rawValue)"
        #expect(try rows(under: heading) == expected)
        let isMarked = try section(heading).contains("Compiled, never run: no test has attacked it yet.")
        #expect(isMarked != SystemCallTable.of(architecture).isProven)
    }

    @Test("docs/sandbox.md lists exactly the extra layers and what is weaker without each")
    func layers() throws {
        let expected = SandboxLayer.allCases.map { "| `\($0.rawValue)` | \($0.consequence) |" }
        #expect(try rows(under: "Extra layers") == expected)
    }

    @Test("two tables have one digest only when every name and every check is the same")
    func digests() {
        #expect(SystemCallTable.of(.x86_64).digest == SystemCallTable.of(.x86_64).digest)
        #expect(SystemCallTable.of(.x86_64).digest != SystemCallTable.of(.aarch64).digest)
        func digest(_ name: String, _ constraint: SystemCallRule.Constraint) -> [UInt8] {
            SystemCallTable(architecture: .x86_64, rules: [SystemCallRule(name, constraint, "any reason")]).digest
        }
        let different: [[UInt8]] = [
            digest("read", .none), digest("write", .none), digest("read", .descriptor(3)),
            digest("read", .descriptor(4)),
            digest("read", .notExecutable),
        ]
        #expect(Set(different).count == different.count)
        #expect(LandlockRules(abi: 7).digest != LandlockRules(abi: 6).digest)
        #expect(LandlockRules(abi: 0) == LandlockRules(abi: -1))
    }
}
