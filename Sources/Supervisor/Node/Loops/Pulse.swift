internal import Synchronization

/// A wait that ends after a while, or at once when somebody knocks. Knocks in between are remembered, not counted.
final class Pulse: Sendable {
    private struct State {
        var isPending = false
        var waiter: CheckedContinuation<Void, Never>?
        /// Which wait is on, so that the timer of an earlier one does not end it.
        var generation = 0
        var isTimeUp = false
    }

    private let state = Mutex(State())

    func knock() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state.waiter = nil }
            if state.waiter == nil { state.isPending = true }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns after `limit`, at a knock, or when the task is cancelled.
    func wait(_ limit: Duration) async {
        let generation = state.withLock { state in
            state.generation += 1
            state.isTimeUp = false
            return state.generation
        }
        let timer = Task {
            try? await Task.sleep(for: limit)
            endWait(generation)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isPending || state.isTimeUp || Task.isCancelled {
                        state.isPending = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            endWait(generation)
        }
        timer.cancel()
    }

    private func endWait(_ generation: Int) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.generation == generation else { return nil }
            defer { state.waiter = nil }
            state.isTimeUp = true
            return state.waiter
        }
        waiter?.resume()
    }
}
