import CoFHE
import DevnetCore
import Foundation
import Inspection
import Shared
import TestNetwork
import Testing

@testable import Supervisor

extension Security {
    @Suite("Nothing is left behind", .serialized) struct LeakTests {
        private struct Count: Equatable {
            let descriptors: Int
            let children: Int

            init(_ process: ProcessView) {
                descriptors = process.descriptors.count
                children = Security.children.count
            }
        }

        /// How a job's worker goes: told `done`, killed with the prompt or without, let go, or by a crash with the order's
        /// bytes in its memory, of which the drill's argument says how.
        private enum Ending { case done, killed, givenUp, letGo, crash(String) }

        private static let crashes = ["fault 0", "fault 2", "#41 2 1 0"]
        private static let endings: [Ending] = [
            .done, .killed, .crash(crashes[0]), .done, .givenUp, .crash(crashes[1]), .done, .letGo, .crash(crashes[2]),
        ]

        @Test(
            "a thousand jobs, of which a third crash, leave no child, no descriptor and no memory",
            .timeLimit(.minutes(3)))
        func thousandJobs() async throws {
            let own = ProcessView(getpid())
            let honest = try Security.spawner()
            var crashing: [String: WorkerSpawner] = [:]
            for crash in Self.crashes { crashing[crash] = try Security.spawner(Security.drill, argument: crash) }
            let sealed = try SealedPrompt("What is left of a job?")
            var crashes = 0
            let deadline = { ContinuousClock.now + .seconds(5) }
            func crash(_ spawner: WorkerSpawner) async throws {
                let worker = try await spawner.spawn()
                try await worker.start(Security.order, credential: nil, deadline: deadline())
                let error = await #expect(throws: WorkerError.self) { try await worker.receive(deadline: deadline()) }
                guard case .ended(let status) = error, status > 128 else { throw error ?? .channel(.closed) }
                crashes += 1
            }
            func run(_ ending: Ending) async throws {
                if case .crash(let how) = ending, let spawner = crashing[how] { return try await crash(spawner) }
                let worker = try await honest.spawn()
                worker.end(by: .now + .seconds(10))
                try await worker.start(Security.order, credential: nil, deadline: deadline())
                let key = try await worker.receive(deadline: deadline()).header.fields["public"]?.text
                if case .givenUp = ending { return worker.kill() }
                let point = try #require(key.flatMap(Hexadecimal.decode))
                let material = SealedKey(
                    high: try SealedValue.seal(sealed.high, to: point), low: try SealedValue.seal(sealed.low, to: point)
                )
                try await worker.send(material: material, of: nil, blob: sealed.blob, deadline: deadline())
                if case .killed = ending { return worker.kill() }
                #expect(try await worker.receive(deadline: deadline()).header.kind == .output)
                if case .letGo = ending { return }
                try await worker.send(.done, deadline: deadline())
                await worker.waitForEnd(within: .seconds(1))
            }
            func run(jobs: Int) async throws {
                for job in 0..<jobs { try await run(Self.endings[job % Self.endings.count]) }
            }
            try await run(jobs: 90)
            // A pidfd is closed a moment after its process was reaped.
            var last = Count(own)
            try await Security.wait(for: "the first workers are gone", within: 5) {
                defer { last = Count(own) }
                return last.children == 0 && last == Count(own)
            }
            let before = (last, own.residentKilobytes)
            do {
                // The counting works: what is held is seen.
                let held = [try await honest.spawn(), try await honest.spawn()]
                #expect(Count(own).children == before.0.children + 2)
                #expect(Count(own).descriptors == before.0.descriptors + 4)
                withExtendedLifetime(held) {}
            }
            crashes = 0
            let start = ContinuousClock.now
            try await run(jobs: 1000)
            let time = ContinuousClock.now - start
            // None is left for later: the last ones have a second.
            try await Security.wait(for: "all workers are gone", within: 1) { Count(own) == before.0 }
            let grown = own.residentKilobytes - before.1
            print(
                "1000 jobs, \(crashes) crashes, \(time): children \(before.0.children) → \(Security.children.count),",
                "descriptors \(before.0.descriptors) → \(own.descriptors.count),",
                "RSS \(before.1) → \(own.residentKilobytes) KiB")
            #expect(crashes == 333)
            #expect(grown < 4 << 10)
        }

        @Test("sixty jobs leave the node as it was", .timeLimit(.minutes(3)))
        func jobs() async throws {
            let network = try await TestNetwork()
            let node = try await network.makeNode("leak")
            let process = try await node.start(["BLF_MAX_CONCURRENT_JOBS": "2", "BLF_MAX_PROMPT_BYTES": "65536"])
            let view = ProcessView(process.pid)
            func serve(_ jobs: Int, total: Int) async throws {
                let queued = try await network.run(
                    "blindference-devnet",
                    [
                        "prepare", "--url", network.url, "--jobs", String(jobs), "--model", "mock", "--prompt-bytes",
                        "2000",
                        "--node", node.address,
                    ])
                try #require(queued.status == 0, "\(queued.output)")
                try await Security.wait(for: "all jobs are served", within: 60) {
                    process.text.components(separatedBy: "\"result_sent\"").count - 1 == total
                }
                // The pool is filled again, and the connections of the last job are closed.
                try await Security.wait(for: "two workers wait", within: 5) {
                    view.children.count == 2 && view.children.allSatisfy { $0.status["Seccomp"] == "2" }
                }
            }
            try await serve(30, total: 30)
            let before = (view.descriptors.count, view.residentKilobytes)
            try await serve(60, total: 90)
            #expect(!process.text.contains("\"job_failed\""))
            #expect(view.children.filter(\.isZombie).isEmpty)
            #expect(abs(view.descriptors.count - before.0) <= 3, "\(before.0) → \(view.descriptors.count)")
            #expect(view.residentKilobytes - before.1 < 8 << 10, "\(before.1) → \(view.residentKilobytes) KiB")
            print(
                "60 jobs: descriptors \(before.0) → \(view.descriptors.count), RSS \(before.1) → \(view.residentKilobytes) KiB"
            )
        }
    }
}
