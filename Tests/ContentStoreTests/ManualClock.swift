import ContentStore
import Synchronization

/// A clock that stands still until it is moved. Sleepers wake when it reaches their time.
final class ManualClock: Sendable {
    private struct Sleeper {
        let id: Int
        let end: Duration
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var now = Duration.zero
        var lastID = 0
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
        var watchers: [(end: Duration, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var clock: ContentClock {
        ContentClock(now: { self.state.withLock { $0.now } }, sleep: { try await self.sleep($0) })
    }

    /// Waits until someone sleeps up to this moment.
    func sleeper(until end: Duration) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                let isThere = state.sleepers.contains { $0.end == end }
                if !isThere { state.watchers.append((end, continuation)) }
                return isThere
            }
            if isThere { continuation.resume() }
        }
    }

    func advance(to moment: Duration) {
        let due = state.withLock { state in
            state.now = max(state.now, moment)
            let due = state.sleepers.filter { $0.end <= state.now }
            state.sleepers.removeAll { $0.end <= state.now }
            return due
        }
        for sleeper in due.sorted(by: { $0.end < $1.end }) { sleeper.continuation.resume(returning: true) }
    }

    private func sleep(_ length: Duration) async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let hasSlept = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let watchers = state.withLock { state in
                    guard state.cancelled.remove(id) == nil else {
                        continuation.resume(returning: false)
                        return [CheckedContinuation<Void, Never>]()
                    }
                    let end = state.now + length
                    state.sleepers.append(Sleeper(id: id, end: end, continuation: continuation))
                    let watchers = state.watchers.filter { $0.end == end }.map(\.continuation)
                    state.watchers.removeAll { $0.end == end }
                    return watchers
                }
                for watcher in watchers { watcher.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil as Sleeper?
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(returning: false)
        }
        if !hasSlept { throw CancellationError() }
    }
}

/// A clock that jumps over every sleep and remembers how long it was.
final class JumpingClock: Sendable {
    private let state = Mutex((now: Duration.zero, sleeps: [Duration]()))

    var sleeps: [Duration] { state.withLock { $0.sleeps } }

    func advance(by length: Duration) { state.withLock { $0.now += length } }

    var clock: ContentClock {
        ContentClock(
            now: { self.state.withLock { $0.now } },
            sleep: { length in
                self.state.withLock { state in
                    state.now += length
                    state.sleeps.append(length)
                }
            })
    }
}
