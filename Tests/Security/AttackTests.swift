import CSystem
import Drill
import Foundation
import Inspection
import Shared
import Supervisor
import TestNetwork
import Testing

/// The walls from inside: the drill program builds them with the worker's own code and then runs against them.
extension Security {
    @Suite("Attacks from inside a worker") struct AttackTests {
        /// Starts a worker that has been taken over, lets it attack, and answers its end as the supervisor sees it.
        static func outcome(of attack: String) async throws -> WorkerError? {
            let spawner = try Security.spawner(Security.drill, argument: attack)
            let worker = try await spawner.spawn()
            defer { withExtendedLifetime(spawner) {} }
            do throws(WorkerError) {
                let deadline = ContinuousClock.now + .seconds(10)
                try await worker.start(Security.order, credential: nil, deadline: deadline)
                _ = try await worker.receive(deadline: deadline)
                return nil
            } catch { return error }
        }

        private static let filtered = DrillCatalogue.attacks.filter(\.isFiltered)
        private static let layered = DrillCatalogue.attacks.filter { !$0.behind.isEmpty }

        /// How an attack may end once the filter lets it through: on root's machine at the first layer that the kernel has.
        /// An ordinary user's worker has the processes of that user in sight, and keeps its identity.
        private func expected(_ attack: DrillAttack) async throws -> [DrillOutcome] {
            let namespaces = try await Security.kernelOffersNamespaces()
            let present = attack.behind.map(\.layer).filter { namespaces || ![.namespaces, .emptyRoot].contains($0) }
            if geteuid() == 0 { return [present.first.map(DrillOutcome.stopped) ?? .survived] }
            let isSeen = attack.script.contains(DrillPlace.prey.placeholder)
            return present.map(DrillOutcome.stopped) + (isSeen && !present.contains(.landlock) ? [.survived] : [])
        }

        /// A process of the worker's own user, which hides nothing.
        private func prey() throws -> ChildProcess {
            let log = FileManager.default.temporaryDirectory.appending(path: "prey-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: log) }
            return try AttackTests.asOrdinaryUser("/bin/sleep", ["60"], output: log)
        }

        private static func asOrdinaryUser(_ program: String, _ arguments: [String], output: URL) throws -> ChildProcess
        {
            guard geteuid() == 0 else { return try ChildProcess(URL(filePath: program), arguments, output: output) }
            let identity = ["--reuid=65534", "--regid=65534", "--clear-groups", program]
            return try ChildProcess(URL(filePath: "/usr/bin/setpriv"), identity + arguments, output: output)
        }

        @Test("the worker's filter ends every attack, and nothing leaves the worker", arguments: filtered)
        func filter(_ attack: DrillAttack) async throws {
            #expect(try await DrillRunner(program: Security.drill).run(attack, isWide: false) == .stopped(by: .seccomp))
        }

        @Test("an attack that nobody stops is said to get through, and an end that no layer explains is no success")
        func control() async throws {
            let runner = DrillRunner(program: Security.drill)
            let number = DrillAttack("ask for the parent", "getppid")
            #expect(try await runner.run(number, isWide: false) == .stopped(by: .seccomp))
            #expect(try await runner.run(number, isWide: true) == .survived)
            let unexplained = DrillAttack("an error of no layer", "close 99", behind: [DrillStop(.limits, 1)])
            #expect(try await runner.run(unexplained, isWide: true) == .unexplained(status: EBADF))
        }

        @Test("where the filter lets an attack through, the next layer stops it", arguments: layered)
        func nextLayer(_ attack: DrillAttack) async throws {
            let prey = try prey()
            let runner = DrillRunner(program: Security.drill, prey: prey.pid)
            let outcome = try await runner.run(attack, isWide: attack.isFiltered)
            let expected = try await expected(attack)
            #expect(expected.contains(outcome), "\(outcome) instead of \(expected)")
            #expect(prey.isRunning)
        }

        @Test("every layer stops something in the drill")
        func catalogue() {
            let layers = Set(DrillCatalogue.attacks.flatMap(\.behind).map(\.layer))
            #expect(layers == Set(DrillLayer.allCases).subtracting([.seccomp, .noNewPrivileges]))
            #expect(Set(DrillCatalogue.attacks.map(\.name)).count == DrillCatalogue.attacks.count)
            #expect(DrillCatalogue.attacks.allSatisfy { $0.isFiltered || !$0.behind.isEmpty })
            // It would be told apart from none.
            #expect(DrillCatalogue.attacks.flatMap(\.behind).allSatisfy { $0.status != DrillStatus.survived })
        }

        @Test("a script that says nothing clear is refused as a whole")
        func scripts() throws {
            for text in ["", "wide", "wide; ", "read x", "read ?0", "read %abc", "read 1 2 3 4 5 6 7", "#a", "int80"] {
                #expect(DrillScript(parsing: text) == nil, "\(text)")
            }
            let script = try #require(DrillScript(parsing: "wide; openat -100 @/a 0; #9 $ ! ?8 %00ff; spin"))
            #expect(script.isWide)
            #expect(
                script.steps == [
                    .call(name: "openat", [.number(-100), .text("/a"), .number(0)]),
                    .numbered(9, [.result, .canary, .room(8), .bytes([0, 255])]), .spin,
                ])
        }

        // MARK: - One layer at a time

        /// The end of an attack by an ordinary user behind one layer only.
        private func end(of attack: DrillAttack, behind layer: String) async throws -> (
            status: Int32, isUntouched: Bool
        ) {
            let prey = try prey()
            let ground = try DrillGround(prey: prey.pid)
            let status = try await end(of: ground.script(attack, isWide: false), behind: layer)
            return (status, ground.isUntouched)
        }

        /// `{setuid}` in the script is a copy of the program that belongs to this user and runs as its owner.
        private func end(of script: String, behind layer: String) async throws -> Int32 {
            let folder = FileManager.default.temporaryDirectory.appending(path: "drill-\(UUID().uuidString)")
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
            defer { try? FileManager.default.removeItem(at: folder) }
            // The build folder may be closed to others.
            let program = folder.appending(path: "drill")
            let source = URL(filePath: Security.drill).resolvingSymlinksInPath()
            try FileManager.default.copyItem(at: source, to: program)
            let owned = folder.appending(path: "setuid")
            try FileManager.default.copyItem(at: source, to: owned)
            try #require(chmod(owned.path, 0o4755) == 0)
            let script = script.replacing("{setuid}", with: owned.path)
            let child = try AttackTests.asOrdinaryUser(
                program.path, ["alone", layer, script], output: folder.appending(path: "log"))
            return try await child.end()
        }

        /// Of these an ordinary user without walls is refused, too: what stops the worker is that it is no more than one.
        private static let beyondWalls = layered.filter { $0.behind.contains { $0.layer == .capabilities } }

        @Test("without walls an attack gets further", arguments: layered.filter { !$0.isEndless })
        func withoutWalls(_ attack: DrillAttack) async throws {
            let end = try await end(of: attack, behind: "none")
            // What reaches a place leaves a trace there, which the ground shows.
            let traces: [DrillPlace] = [.folder, .udp, .tcp, .abstract, .socketFile]
            let leavesTrace =
                traces.contains { attack.script.contains($0.placeholder) } && attack.name != "list a folder"
            #expect(end.isUntouched == !leavesTrace)
            if AttackTests.beyondWalls.contains(where: { $0.name == attack.name }) {
                #expect(attack.behind.map(\.status).contains(end.status))
            } else {
                #expect(!attack.behind.map(\.status).contains(end.status))
            }
        }

        @Test(
            "each layer that can stand alone stops its attacks alone",
            arguments: [DrillLayer.landlock, .executableMemory, .namespaces, .emptyRoot])
        func alone(_ layer: DrillLayer) async throws {
            for attack in AttackTests.layered {
                // The namespaces of an ordinary user's worker do not hide processes: Landlock's scope does.
                let hidesProcess = layer == .namespaces && attack.script.contains(DrillPlace.prey.placeholder)
                guard let stop = attack.behind.first(where: { $0.layer == layer }), !hidesProcess,
                    !AttackTests.beyondWalls.contains(where: { $0.name == attack.name })
                else { continue }
                let end = try await end(of: attack, behind: layer.rawValue)
                #expect(end.status == stop.status && end.isUntouched, "\(attack)")
            }
        }

        @Test("a program that runs as root for everybody does not for a worker")
        func setuid() async throws {
            #expect(try await end(of: "execve @{setuid} 0 0", behind: "none") == DrillStatus.survived)
            #expect(try await end(of: "execve @{setuid} 0 0", behind: "noNewPrivileges") == EPERM)
        }

        @Test("a worker that does nothing but think is gone when its processor time is over", .timeLimit(.minutes(1)))
        func processorTime() throws {
            #expect(try RawWorker.end(of: "spin", cpuSeconds: 1) == 128 + SIGKILL)
        }
    }
}
