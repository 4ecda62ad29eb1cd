import Foundation
import Shared
import Supervisor
import TestNetwork

/// A worker's start, its first answer, its memory.
enum WorkerBench {
    static func run(into rows: inout [Row]) async throws {
        let program = try WorkerProgram(
            path: TestNetwork.binaries.appending(path: "blindference-worker").path, limits: JobLimits(prompt: 8 << 20),
            trustFile: nil)
        let spawner = WorkerSpawner(program: program)
        let order = JobOrder(role: .verifier, modelID: "mock", seal: .hkdf, backend: .mock, encryption: nil)
        var spawn: [Double] = []
        var start: [Double] = []
        var memory: [Double] = []
        for _ in 0..<300 {
            let begun = ContinuousClock.now
            let worker = try await spawner.spawn()
            spawn.append((ContinuousClock.now - begun).inMilliseconds)
            let asked = ContinuousClock.now
            try await worker.start(order, credential: nil, deadline: .now + .seconds(5))
            _ = try await worker.receive(deadline: .now + .seconds(5))
            start.append((ContinuousClock.now - asked).inMilliseconds)
            if memory.count < 20 { memory.append(try proportionalSetSize(worker.pid)) }
        }
        rows.append(
            Row(
                "cold spawn of a worker to its proven `ready`, p50 / p99", [spawn.median, spawn.percentile(0.99)],
                atMost: [10, 20], unit: "ms"))
        rows.append(
            Row(
                "a warm worker takes a job (`start` to `sealingKey`), p50 / p99",
                [start.median, start.percentile(0.99)],
                atMost: [1, 3], unit: "ms"))
        rows.append(Row("worker memory (PSS) while idle in a job", [memory.median], atMost: [8], unit: "MiB"))
    }

    /// In MiB; readable by root only, for the worker is not dumpable.
    private static func proportionalSetSize(_ pid: Int32) throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix("Pss:") } ?? ""
        return (line.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? .nan) / 1024
    }
}
