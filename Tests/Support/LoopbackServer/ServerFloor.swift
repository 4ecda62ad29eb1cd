internal import Foundation
internal import Glibc
internal import Synchronization

/// What the threads of a server share. They keep it alive; the server itself may go first.
final class ServerFloor: Sendable {
    private struct State {
        var requests: [Request] = []
        var sockets: Set<Int32> = []
        var accepted = 0
        var isStopping = false
    }

    private let listener: Int32
    private let state = Mutex(State())
    private let threads = DispatchGroup()

    init(listener: Int32) { self.listener = listener }

    var requests: [Request] { state.withLock { $0.requests } }
    var connections: Int { state.withLock { $0.accepted } }

    func start(_ handler: @escaping LoopbackServer.Handler) { spawn { $0.accept(handler) } }

    func stop() {
        let isFirst = state.withLock { state in
            defer { state.isStopping = true }
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
            return !state.isStopping
        }
        if isFirst { shutdown(listener, Int32(SHUT_RDWR)) }
        threads.wait()
        if isFirst { close(listener) }
    }

    private func spawn(_ work: @escaping @Sendable (ServerFloor) -> Void) {
        threads.enter()
        Thread.detachNewThread {
            work(self)
            self.threads.leave()
        }
    }

    private func accept(_ handler: @escaping LoopbackServer.Handler) {
        while true {
            let socket = Glibc.accept(listener, nil, nil)
            guard socket >= 0 else {
                if errno == EINTR || errno == ECONNABORTED { continue }
                return
            }
            _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
            guard let number = opened(socket) else {
                close(socket)
                return
            }
            spawn { floor in
                var connection = Connection(socket: socket, number: number)
                while let request = connection.readRequest() {
                    floor.state.withLock { $0.requests.append(request) }
                    guard connection.play(handler(request)) else { break }
                }
                floor.closed(socket)
            }
        }
    }

    private func opened(_ socket: Int32) -> Int? {
        state.withLock { state in
            guard !state.isStopping else { return nil }
            state.sockets.insert(socket)
            state.accepted += 1
            return state.accepted
        }
    }

    /// Under the lock, so that `stop` cannot shut down a descriptor that means something else by then.
    private func closed(_ socket: Int32) {
        state.withLock { state in
            state.sockets.remove(socket)
            close(socket)
        }
    }
}
