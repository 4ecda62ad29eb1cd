internal import CSystem
internal import Glibc
internal import Shared

/// Starts workers of one program.
package final class WorkerSpawner: Sendable {
    package let program: WorkerProgram
    private let thread: SpawnThread

    package init(program: WorkerProgram, thread: SpawnThread = SpawnThread()) {
        self.program = program
        self.thread = thread
    }

    /// Starts a worker, waits until it says that its walls stand, and looks at them from outside.
    package func spawn() async throws(WorkerError) -> Worker {
        let program = program
        let result: Result<Worker, WorkerError> = await withCheckedContinuation { continuation in
            thread.add { world in continuation.resume(returning: WorkerSpawner.start(program, world)) }
        }
        let worker = try result.get()
        do throws(WorkerError) {
            try await worker.becomeReady()
            return worker
        } catch {
            worker.kill()
            throw error
        }
    }

    private static func start(_ program: WorkerProgram, _ world: [Int32]?) -> Result<Worker, WorkerError> {
        guard let (own, others) = SpawnThread.socketPair() else { return .failure(.notStarted(errno: errno)) }
        defer { close(others) }
        _ = fcntl(own, F_SETFL, O_NONBLOCK)
        var order = csystem_spawn()
        order.executable = program.descriptor
        order.channel = others
        order.address_space = UInt64(program.limits.arena) + (256 << 20)
        order.file_size = UInt64(program.limits.arena) + (1 << 20)
        order.cpu_seconds = program.manifest.processorSeconds
        var pidfd: Int32 = -1
        let pid = SpawnThread.spawn(order, program.arguments, WorkerProgram.environment, in: world, pidfd: &pidfd)
        guard pid > 0 else {
            let code = errno
            close(own)
            return .failure(.notStarted(errno: code))
        }
        return .success(
            Worker(pid: pid, pidfd: pidfd, channel: own, limits: program.limits, manifest: program.manifest))
    }
}
