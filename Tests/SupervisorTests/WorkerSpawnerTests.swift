import Shared
import Supervisor
import Testing

@Suite struct WorkerSpawnerTests {
    @Test("a worker starts, and its walls are seen from outside")
    func starts() async throws {
        // Small enough for what an ordinary user may lock on most machines.
        let program = try WorkerProgram(
            path: BuiltProgram.path("blindference-worker"), limits: JobLimits(prompt: 64 << 10), trustFile: nil)
        let worker = try await WorkerSpawner(program: program).spawn()
        #expect(worker.receipt != nil)
        #expect(worker.isAlive)
    }
}
