import Drill
import LocalNode
import Shared
import Supervisor
import TestNetwork
import Testing

extension Security {
    @Suite("The drill on the operator's machine") struct DrillCommandTests {
        @Test("doctor --drill makes every attack of the catalogue, and says which layer stopped each")
        func drill() async throws {
            let network = try await TestNetwork("--nodes", "1")
            let node = try await network.makeNode("drilled")
            let examined = try await network.run(
                "blindference-node", ["doctor", "--drill", "--format", "json"], environment: node.environment())
            let rows = try JSONValue(parsing: Array(examined.output.utf8)).elements ?? []
            let drilled = rows.filter { $0["check"]?.text == "drill" }
            #expect(drilled.map { $0["subject"]?.text } == DrillCatalogue.attacks.map(\.name))
            #expect(examined.status == (rows.contains { $0["outcome"]?.text == "FAIL" } ? 1 : 0))
            for row in drilled {
                #expect(row["outcome"]?.text != "FAIL", "\(row)")
                #expect(row["finding"]?.text?.hasPrefix("Stopped by ") == true, "\(row)")
            }
            // Where the kernel has all layers, what has one behind the filter is stopped by it.
            let behind = drilled.filter { $0["finding"]?.text?.contains("and behind it by") == true }
            #expect(behind.count > 40)
            let plain = try await network.run(
                "blindference-node", ["doctor", "--format", "json"], environment: node.environment())
            #expect(!plain.output.contains("\"drill\""), "nothing is attacked unasked")
        }

        @Test("an attack that gets through is a FAIL")
        func getsThrough() async throws {
            let folder = try TemporaryFolder()
            let environment = try OperatorEnvironment(environmentFile: folder.path(".env"))
            let doctor = Doctor(
                ConfigurationLoader(directory: folder.directory, environment: environment), environment: environment,
                workerPath: Security.worker, words: { ("\($0)", nil) })
            // Every worker may make the first call, and none the second.
            let findings = await doctor.drill(
                Security.drill, [DrillAttack("its own number", "getpid"), DrillAttack("its parent's", "getppid")])
            #expect(findings.map(\.outcome) == [.fail, .pass])
        }

        @Test("a drill without its program says what is missing and fails")
        func missing() async throws {
            let place = try Installation()
            let result = try await place.run(["doctor", "--drill", "--format", "json"])
            #expect(result.status == 1)
            let rows = try JSONValue(parsing: Array(result.output.utf8)).elements ?? []
            let drilled = rows.filter { $0["check"]?.text == "drill" }
            #expect(drilled.map { $0["outcome"]?.text } == ["FAIL"])
        }
    }
}
