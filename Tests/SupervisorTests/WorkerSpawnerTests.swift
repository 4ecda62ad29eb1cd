import Foundation
import Shared
import Supervisor
import Testing

@Suite struct WorkerSpawnerTests {
    @Test("a worker starts and its walls are seen from outside")
    func starts() async throws {
        let path =
            URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/blindference-worker"
        let spawner = WorkerSpawner(
            program: try WorkerProgram(path: path, limits: JobLimits(prompt: 8 << 20), trustFile: nil))
        var times: [Duration] = []
        for _ in 0..<30 {
            let start = ContinuousClock.now
            let worker = try await spawner.spawn()
            times.append(ContinuousClock.now - start)
            #expect(worker.proof != nil)
            print(worker.layers, worker.proof?.ownProcessNamespace as Any)
        }
        times.sort()
        print(times[15], times[29])
    }
}
