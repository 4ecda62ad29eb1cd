internal import CSystem
internal import Foundation
internal import Glibc

/// The one thread that children are made from. It lives as long as the node: the parent-death signal of a child belongs
/// to the thread that made it.
package final class SpawnThread: Sendable {
    /// Gets the namespaces that children enter, where there are any.
    typealias Order = @Sendable ([Int32]?) -> Void

    private let orders: Orders

    package init() {
        let orders = Orders()
        self.orders = orders
        let thread = Thread {
            // One world without network for all children: making one takes the kernel longer than all else about a
            // worker, and nobody in it can use what it shares. Containers may forbid it; without root the worker
            // makes its own.
            var world = [Int32](repeating: -1, count: Int(csystem_world_size))
            let isMade = geteuid() == 0 && csystem_make_world(&world) == 0
            defer { if isMade { for namespace in world { close(namespace) } } }
            while let order = orders.next() { order(isMade ? world : nil) }
        }
        thread.name = "spawner"
        thread.stackSize = 256 << 10
        thread.start()
    }

    deinit { orders.close() }

    func add(_ order: @escaping Order) { orders.add(order) }

    /// Starts a child on the thread, from what is filled in but for its world and its texts.
    static func spawn(
        _ order: csystem_spawn, _ arguments: [String], _ environment: [String], in world: [Int32]?, pidfd: inout Int32
    ) -> pid_t {
        var order = order
        return withCStrings(arguments) { arguments in
            withCStrings(environment) { environment in
                order.arguments = arguments
                order.environment = environment
                guard let world else { return csystem_spawn(&order, &pidfd) }
                return world.withUnsafeBufferPointer { world in
                    order.world = world.baseAddress
                    return csystem_spawn(&order, &pidfd)
                }
            }
        }
    }

    /// Both ends of a socket between two processes.
    static func socketPair() -> (Int32, Int32)? {
        var sockets: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &sockets) == 0 else {
            return nil
        }
        return (sockets[0], sockets[1])
    }

    private static func withCStrings<R>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> R
    ) -> R {
        let copies = strings.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return copies.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}

/// Work for the thread, first come first served.
// @unchecked: all state is behind the condition.
private final class Orders: @unchecked Sendable {
    private let condition = NSCondition()
    private var waiting: [SpawnThread.Order] = []
    private var isClosed = false

    func add(_ order: @escaping SpawnThread.Order) {
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

    func next() -> SpawnThread.Order? {
        condition.withLock {
            while waiting.isEmpty && !isClosed { condition.wait() }
            return waiting.isEmpty ? nil : waiting.removeFirst()
        }
    }
}
