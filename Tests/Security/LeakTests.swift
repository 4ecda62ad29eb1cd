import Foundation
import Inspection
import Shared
import Supervisor
import TestNetwork
import Testing

extension Security {
    @Suite("Nothing is left behind", .serialized) struct LeakTests {
        private struct Count: Equatable {
            let descriptors: Int
            let children: Int

            init(_ process: ProcessView) {
                descriptors = process.descriptors.count
                children = process.children.count
            }
        }

        @Test("three hundred workers come and go without a child, a descriptor or memory left", .timeLimit(.minutes(2)))
        func workers() async throws {
            let own = ProcessView(getpid())
            let spawner = try Security.spawner()
            for _ in 0..<30 { _ = try await spawner.spawn() }
            try await Security.wait(for: "the first workers are gone", within: 5) { own.children.isEmpty }
            let before = (Count(own), own.residentKilobytes)
            do {
                // The counting works: what is held is seen.
                let held = [try await spawner.spawn(), try await spawner.spawn()]
                #expect(Count(own).children == before.0.children + 2)
                #expect(Count(own).descriptors == before.0.descriptors + 4)
                withExtendedLifetime(held) {}
            }
            for round in 0..<300 {
                let worker = try await spawner.spawn()
                if round.isMultiple(of: 2) { worker.kill() }
            }
            try await Security.wait(for: "all workers are gone", within: 5) { Count(own) == before.0 }
            #expect(own.residentKilobytes - before.1 < 8 << 10)
        }

        @Test("sixty jobs leave the node as it was", .timeLimit(.minutes(3)))
        func jobs() async throws {
            let network = try await TestNetwork()
            let node = try await network.makeNode("leak")
            let process = try await node.start(["BLF_MAX_CONCURRENT_JOBS": "2"])
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
