import Foundation
import Inspection
import LocalNode
import LoopbackServer
import Shared
import Supervisor
import Synchronization
import Testing

extension Security {
    @Suite("Workers that lie on their channel", .serialized) struct LyingWorkerTests {
        private static func timing() -> JobTiming {
            var timing = JobTiming()
            timing.limit = .seconds(1.5)
            timing.workerStep = .milliseconds(300)
            timing.pauses = [.milliseconds(10), .milliseconds(10)]
            return timing
        }

        /// A model's server that takes connections and says nothing.
        private static func silentModel() throws -> LoopbackServer { try LoopbackServer { _ in .hang() } }

        @Test("every lie ends its job in time, with a code, and the next job is served", .timeLimit(.minutes(4)))
        func everyLie() async throws {
            let model = try Self.silentModel()
            let workers = ScriptedWorkers()
            let node = try await LocalNode(
                modelURL: model.base, timing: Self.timing(), spares: 0,
                spawn: { () throws(WorkerError) in
                    try await workers.spawn()
                })
            let own = ProcessView(getpid())
            func run(_ lie: Lie) async throws {
                try workers.follow(lie.script)
                let start = ContinuousClock.now
                let entry = try await node.serveOneJob(as: lie.role)
                let time = ContinuousClock.now - start
                #expect(
                    entry.state == .failed && entry.failure == lie.end, "\(lie): \(String(describing: entry.failure))")
                #expect(time < .seconds(3), "\(lie): \(time)")
                try await Security.wait(for: "\(lie): no worker outlives its job", within: 1) {
                    Security.children.isEmpty
                }
                try workers.follow(nil)
                let honest = try await node.serveOneJob("mock")
                #expect(honest.failure == nil, "after \(lie): \(String(describing: honest.failure))")
                _ = try await node.sent(honest)
            }
            for lie in Lie.all.prefix(10) { try await run(lie) }
            let before = (own.residentKilobytes, own.descriptors.count)
            for lie in Lie.all { try await run(lie) }
            let after = (own.residentKilobytes, own.descriptors.count)
            print("\(Lie.all.count) lies: RSS \(before.0) → \(after.0) KiB, descriptors \(before.1) → \(after.1)")
            #expect(after.0 - before.0 < 8 << 10)
            #expect(after.1 <= before.1 + 2)
        }

        @Test("a worker that answers twice has answered once")
        func secondAnswer() async throws {
            let workers = ScriptedWorkers()
            let node = try await LocalNode(
                modelURL: try Self.silentModel().base, timing: Self.timing(), spares: 0,
                spawn: { () throws(WorkerError) in try await workers.spawn() })
            let hash = { (byte: String) in String(repeating: byte, count: 32) }
            let answers = ["ab", "cd"].map {
                #"send {"kind":"output","body":0,"exposureMicroseconds":1,"innerHash":"\#(hash($0))"}"#
            }
            try workers.follow((["send " + Lie.ready] + Lie.working + answers + ["spin"]).joined(separator: "\n"))
            let entry = try await node.serveOneJob(as: .verifier)
            #expect(entry.state == .computed)
            #expect(entry.innerHash == [UInt8](repeating: 0xAB, count: 32))
        }

        @Test(
            "four hundred lies cost the supervisor neither memory, nor descriptors, nor children",
            .timeLimit(.minutes(3)))
        func growth() async throws {
            let own = ProcessView(getpid())
            let spawners = try Lie.quick.map { try Security.spawner(Security.lying, argument: $0.script) }
            func round() async throws {
                for spawner in spawners {
                    let worker = try await spawner.spawn()
                    let deadline = ContinuousClock.now + .seconds(5)
                    let error = await #expect(throws: WorkerError.self) {
                        try await worker.start(Security.order, credential: nil, deadline: deadline)
                        _ = try await worker.receive(deadline: deadline)
                    }
                    #expect(error?.jobFailure == .workerMisbehaved)
                }
            }
            for _ in 0..<3 { try await round() }
            try await Security.wait(for: "the first are gone", within: 5) { Security.children.isEmpty }
            let before = (own.residentKilobytes, own.descriptors.count)
            let rounds = 400 / Lie.quick.count + 1
            for _ in 0..<rounds { try await round() }
            try await Security.wait(for: "all are gone", within: 5) { Security.children.isEmpty }
            try await Security.wait(for: "no descriptor is left", within: 5) { own.descriptors.count <= before.1 }
            print("\(rounds * Lie.quick.count) lies: RSS \(before.0) → \(own.residentKilobytes) KiB")
            #expect(own.residentKilobytes - before.0 < 4 << 10)
        }
    }
}

/// Workers for a node's jobs: honest ones, or those that follow a script.
final class ScriptedWorkers: Sendable {
    private let current = Mutex<WorkerSpawner?>(nil)
    private let last = Mutex<Int32>(0)

    /// From now on; nil for the real worker.
    func follow(_ script: String?) throws {
        let spawner = try script.map { try Security.spawner(Security.lying, argument: $0) } ?? Security.spawner()
        current.withLock { $0 = spawner }
    }

    func spawn() async throws(WorkerError) -> Worker {
        guard let spawner = current.withLock({ $0 }) else { throw .notStarted(errno: 0) }
        let worker = try await spawner.spawn()
        last.withLock { $0 = worker.pid }
        return worker
    }

    var hasStarted: Bool { last.withLock { $0 } != 0 }
    /// The process that was started last.
    var process: ProcessView { ProcessView(last.withLock { $0 }) }
}
