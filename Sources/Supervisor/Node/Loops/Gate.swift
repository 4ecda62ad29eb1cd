internal import ServiceLifecycle
internal import Synchronization

/// What the loops wait for at the start: the first certificate, or the order to stop before there was one. Settled once.
final class Gate: Sendable {
    private struct State {
        var outcome: Bool?
        var waiters: [CheckedContinuation<Bool, Never>] = []
    }

    private let state = Mutex(State())

    /// The first call decides; those after it change nothing.
    func settle(_ isOpen: Bool) {
        let waiters = state.withLock { state -> [CheckedContinuation<Bool, Never>] in
            guard state.outcome == nil else { return [] }
            state.outcome = isOpen
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: isOpen) }
    }

    /// Whether the gate opened. The order to stop settles a closed gate: services are stopped one after the other, and
    /// one that waited for another would hold up the end.
    func opens() async -> Bool {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withCheckedContinuation { continuation in
                let outcome = state.withLock { state in
                    if state.outcome == nil { state.waiters.append(continuation) }
                    return state.outcome
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancelOrGracefulShutdown: {
            self.settle(false)
        }
    }
}
