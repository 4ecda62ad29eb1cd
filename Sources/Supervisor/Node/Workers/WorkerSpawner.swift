internal import CSystem
internal import Foundation
internal import Glibc
internal import Shared

/// Starts workers from one dedicated thread that lives as long as the node: the parent-death signal of a child belongs
/// to the thread that made it.
package final class WorkerSpawner: Sendable {
    package let program: WorkerProgram
    private let orders: Orders

    package init(program: WorkerProgram) {
        self.program = program
        let orders = Orders()
        self.orders = orders
        let thread = Thread {
            // One world without network for all workers: making one takes the kernel longer than all else about a
            // worker, and nobody in it can use what it shares. Containers may forbid it; without root the worker
            // makes its own.
            var world = [Int32](repeating: -1, count: Int(csystem_world_size))
            let isMade = geteuid() == 0 && csystem_make_world(&world) == 0
            defer { if isMade { for namespace in world { close(namespace) } } }
            while let order = orders.next() { order(isMade ? world : nil) }
        }
        thread.name = "worker-spawner"
        thread.stackSize = 256 << 10
        thread.start()
    }

    deinit { orders.close() }

    /// Starts a worker, waits until it says that its walls stand, and looks at them from outside.
    package func spawn() async throws(WorkerError) -> Worker {
        let program = program
        let result: Result<Worker, WorkerError> = await withCheckedContinuation { continuation in
            orders.add { world in continuation.resume(returning: WorkerSpawner.start(program, world)) }
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
        var sockets: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &sockets) == 0 else {
            return .failure(.notStarted(errno: errno))
        }
        defer { close(sockets[1]) }
        _ = fcntl(sockets[0], F_SETFL, O_NONBLOCK)
        var pidfd: Int32 = -1
        let pid = withCStrings(program.arguments) { arguments in
            withCStrings(WorkerProgram.environment) { environment in
                var order = csystem_spawn(
                    executable: program.descriptor, arguments: arguments, environment: environment, channel: sockets[1],
                    address_space: UInt64(program.limits.arena) + (256 << 20),
                    file_size: UInt64(program.limits.arena) + (1 << 20),
                    cpu_seconds: WorkerProgram.processorSeconds, world: nil)
                guard let world else { return csystem_spawn(&order, &pidfd) }
                return world.withUnsafeBufferPointer { world in
                    order.world = world.baseAddress
                    return csystem_spawn(&order, &pidfd)
                }
            }
        }
        guard pid > 0 else {
            let code = errno
            close(sockets[0])
            return .failure(.notStarted(errno: code))
        }
        return .success(
            Worker(pid: pid, pidfd: pidfd, channel: sockets[0], limits: program.limits, manifest: program.manifest))
    }

    private static func withCStrings<R>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> R
    ) -> R {
        let copies = strings.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return copies.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}

/// Work for the spawner's thread, first come first served.
// @unchecked: all state is behind the condition.
private final class Orders: @unchecked Sendable {
    /// Gets the namespaces that workers enter, where there are any.
    typealias Order = @Sendable ([Int32]?) -> Void

    private let condition = NSCondition()
    private var waiting: [Order] = []
    private var isClosed = false

    func add(_ order: @escaping Order) {
        condition.withLock {
            waiting.append(order)
            condition.signal()
        }
    }

    func close() {
        condition.withLock {
            isClosed = true
            condition.signal()
        }
    }

    func next() -> Order? {
        condition.withLock {
            while waiting.isEmpty && !isClosed { condition.wait() }
            return waiting.isEmpty ? nil : waiting.removeFirst()
        }
    }
}
