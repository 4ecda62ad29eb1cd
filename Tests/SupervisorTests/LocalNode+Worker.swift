import Foundation
import LocalNode
import LoopbackServer
import Supervisor

extension LocalNode {
    /// With the real worker of this build.
    convenience init(
        asking model: LoopbackServer, _ timing: JobTiming, now: (@Sendable () -> Int)? = nil
    ) async throws {
        let programs = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let program = try WorkerProgram(
            path: programs.appending(path: "blindference-worker").path as String, limits: LocalNode.limits,
            trustFile: nil)
        try await self.init(
            modelURL: model.base, timing: timing, now: now, spawn: WorkerSpawner(program: program).spawn)
    }
}
