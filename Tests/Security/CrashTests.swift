import Foundation
import Glibc
import Inspection
import Shared
import Supervisor
import TestNetwork
import Testing

extension Security {
    @Suite("A crash says nothing", .serialized) struct CrashTests {
        @Test("a killed worker leaves no core and no trace of its prompt, and the node serves the next job")
        func killed() async throws {
            let network = try await TestNetwork()
            let model = try SlowModel()
            let node = try await network.makeNode("crash")
            let process = try await node.start(model.settings)
            let question = try KnownQuestion(url: network.url, model: SlowModel.id, leader: node.address)
            try await Security.wait(for: "the worker asks the model") { model.asked == 1 }
            // The one that holds a connection besides its four descriptors.
            let busy = ProcessView(process.pid).children.filter { $0.descriptors.count == 5 }
            try #require(busy.count == 1)
            kill(busy[0].pid, SIGKILL)
            let line = try await process.line(within: 10) { $0.contains("\"job_retried\"") }
            #expect(line.contains(JobFailure.workerCrashed.rawValue) && line.contains(question.jobID))
            try await Security.wait(for: "the killed worker is gone", within: 2) { !busy[0].exists }
            let needles = question.needles
            try SupervisorMemoryTests.expectClean(node.folder, of: needles)
            let scan = try MemoryScan(ProcessView(process.pid), for: needles)
            #expect(scan.hits.isEmpty, "\(scan.hits)")
            model.release()
            let next = try KnownQuestion(url: network.url, model: "mock", leader: node.address)
            try await Security.wait(for: "the next job is accepted") { next.isAccepted }
            #expect(process.isRunning)
            #expect(CrashTests.cores(in: node.folder).isEmpty)
        }

        /// Real faults: a signal that is only sent does not reach the first process of a namespace.
        static let faults: [(name: String, call: String, status: Int32)] = [
            ("segmentation fault", "fault 0", 128 + SIGSEGV), ("breakpoint", "fault 1", 128 + SIGTRAP),
            ("Swift trap", "fault 2", 128 + SIGILL),
            // abort() sends itself a signal, which the filter does not let it.
            ("abort", "fault 3", 128 + SIGSYS),
        ]

        @Test("a worker that faults ends by the fault's own signal, and its job as a crash", arguments: faults)
        func fault(_ fault: (name: String, call: String, status: Int32)) async throws {
            let outcome = try await AttackTests.outcome(of: fault.call)
            #expect(outcome == .ended(status: fault.status))
            #expect(outcome?.jobFailure == .workerCrashed)
        }

        @Test("a node that is killed takes its workers with it")
        func nodeKilled() async throws {
            let network = try await TestNetwork()
            let model = try SlowModel()
            let node = try await network.makeNode("killed")
            let process = try await node.start(model.settings)
            let question = try KnownQuestion(url: network.url, model: SlowModel.id, leader: node.address)
            try await Security.wait(for: "the worker asks the model") { model.asked == 1 }
            let workers = ProcessView(process.pid).children
            #expect(workers.count >= 2)
            process.signal(SIGKILL)
            #expect(try await process.end() == 128 + SIGKILL)
            try await Security.wait(for: "no worker outlives its supervisor", within: 3) {
                workers.allSatisfy { !$0.exists || $0.isZombie }
            }
            try SupervisorMemoryTests.expectClean(node.folder, of: question.needles)
            #expect(CrashTests.cores(in: node.folder).isEmpty)
        }

        static func cores(in folder: URL) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasPrefix("core") }
        }
    }
}
