import Foundation
import LocalNode
import LoopbackServer
import Supervisor

/// What was built with these tests.
enum BuiltProgram {
    static func path(_ name: String) -> String {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: name).path
    }
}

extension LocalNode {
    /// With the real worker of this build.
    ///
    /// - Parameter spawned: is given each worker.
    convenience init(
        asking model: LoopbackServer, _ timing: JobTiming, outputKeys: OutputKeyStorage? = nil,
        now: (@Sendable () -> Int)? = nil,
        spawned: @escaping @Sendable (Worker) -> Void = { _ in }
    ) async throws {
        let program = try WorkerProgram(
            path: BuiltProgram.path("blindference-worker"), limits: LocalNode.limits, trustFile: nil)
        let spawner = WorkerSpawner(program: program)
        try await self.init(modelURL: model.base, timing: timing, outputKeys: outputKeys, now: now) {
            () throws(WorkerError) in
            let worker = try await spawner.spawn()
            spawned(worker)
            return worker
        }
    }
}
