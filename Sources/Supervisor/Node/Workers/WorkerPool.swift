internal import Shared

/// Keeps a few proven workers waiting, so that a job does not pay for their start. A worker is never used twice.
package actor WorkerPool {
    private let spawn: @Sendable () async throws(WorkerError) -> Worker
    private let size: Int
    private var idle: [Worker] = []
    private var starting = 0
    private var isClosed = false

    package init(spawner: WorkerSpawner, size: Int) {
        self.init(size: size, spawn: spawner.spawn)
    }

    package init(size: Int, spawn: @escaping @Sendable () async throws(WorkerError) -> Worker) {
        self.size = size
        self.spawn = spawn
    }

    /// Starts the first workers; throws when not even one can be confined, for then the node must not run.
    ///
    /// - Returns: the receipt of the first.
    package func fill() async throws(WorkerError) -> SandboxReceipt? {
        if idle.isEmpty { idle.append(try await spawn()) }
        refill()
        return idle.first?.receipt
    }

    /// A proven worker, its seat in the pool being filled again in the background.
    package func take() async throws(WorkerError) -> Worker {
        defer { refill() }
        while let worker = idle.popLast() {
            // One that died while it waited is no worker any more.
            if worker.isAlive { return worker }
        }
        return try await spawn()
    }

    package func close() {
        isClosed = true
        for worker in idle { worker.kill() }
        idle = []
    }

    private func refill() {
        guard !isClosed else { return }
        while idle.count + starting < size {
            starting += 1
            Task {
                let worker = try? await spawn()
                add(worker)
            }
        }
    }

    private func add(_ worker: Worker?) {
        starting -= 1
        guard let worker else { return }
        if isClosed { worker.kill() } else { idle.append(worker) }
    }
}
