internal import ServiceLifecycle
internal import Synchronization

/// What the loops wait for at the start: the first certificate. Once open it stays so.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [Int: CheckedContinuation<Bool, Never>] = [:]
        /// Told to stop before they came to wait.
        var leaving: Set<Int> = []
        var count = 0
    }

    private let state = Mutex(State())

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in waiters { waiter.resume(returning: true) }
    }

    /// True once the gate is open; false when the waiting service is told to stop before. Only that one: services are
    /// stopped one after the other, and a group takes one that ends out of turn for broken.
    func opens() async -> Bool {
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        return await withTaskCancellationOrGracefulShutdownHandler {
            await withCheckedContinuation { continuation in
                let outcome: Bool? = state.withLock { state in
                    if state.isOpen || state.leaving.remove(number) != nil { return state.isOpen }
                    state.waiters[number] = continuation
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancelOrGracefulShutdown: {
            self.leave(number)
        }
    }

    private func leave(_ number: Int) {
        let waiter = state.withLock { state in
            let waiter = state.waiters.removeValue(forKey: number)
            if waiter == nil { state.leaving.insert(number) }
            return waiter
        }
        waiter?.resume(returning: false)
    }
}
