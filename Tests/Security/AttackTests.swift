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
            let prey = try await NeighbourProgram().prey(behind: "none")
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

        /// The end of an attack by an ordinary user behind one layer only, or on a process behind it.
        private func end(of attack: DrillAttack, behind layer: String) async throws -> (
            status: Int32, isUntouched: Bool
        ) {
            let program = try NeighbourProgram()
            let prey = try await program.prey(behind: attack.isFromOutside ? layer : "none")
            let ground = try DrillGround(prey: prey.pid)
            let script = ground.script(attack, isWide: false)
                .replacing(DrillPlace.worker.placeholder, with: String(prey.pid))
            let status = try await program.end(of: script, behind: attack.isFromOutside ? "none" : layer)
            return (status, ground.isUntouched)
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
                // What is read or written there is no address of anything.
                if attack.isFromOutside { #expect([DrillStatus.survived, EFAULT].contains(end.status)) }
            }
        }

        @Test(
            "each layer that can stand alone stops its attacks alone",
            arguments: [DrillLayer.landlock, .executableMemory, .namespaces, .emptyRoot, .notDumpable])
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
            let program = try NeighbourProgram()
            let script = "execve @\(try program.ownedByRoot()) 0 0"
            #expect(try await program.end(of: script, behind: "none") == DrillStatus.survived)
            #expect(try await program.end(of: script, behind: "noNewPrivileges") == EPERM)
        }

        @Test("a worker that does nothing but think is gone when its processor time is over", .timeLimit(.minutes(1)))
        func processorTime() throws {
            #expect(try RawWorker.end(of: "spin", cpuSeconds: 1) == 128 + SIGKILL)
        }
    }
}
