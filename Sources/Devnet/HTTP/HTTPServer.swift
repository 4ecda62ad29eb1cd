internal import Glibc
internal import Synchronization

/// A small HTTP/1.1 server: one thread a connection, keep-alive, bodies by length or chunks.
///
/// Written here and not taken from FlyingFox 0.27.1, which was measured first: in a release build on loopback it takes
/// an 8 MiB upload in 56-64 ms (its body is a sequence of single chunks behind an actor) where the limit was 50 ms, and
/// it cannot reset a connection, drip or send bytes that are no HTTP, which the fault scripts need.
package final class HTTPServer: Sendable {
    package typealias Handler = @Sendable (ServedRequest) -> Delivery

    static let maximumConnections = 512
    static let maximumBody = 64 << 20
    static let ioTimeout = 30
    static let idleLimit = 60_000

    package let host: String
    package let port: UInt16
    private let listener: LoopbackSocket
    private let handler: Handler
    private let open = Mutex<(stopped: Bool, sockets: [ObjectIdentifier: LoopbackSocket])>((false, [:]))

    /// Starts listening. Throws `SocketError.notLoopback` for every address outside 127.0.0.0/8.
    package init(host: String = "127.0.0.1", port: UInt16 = 0, handler: @escaping Handler) throws(SocketError) {
        listener = try LoopbackSocket.listening(host: host, port: port)
        self.host = host
        self.port = listener.port
        self.handler = handler
        Thread.detach { [self] in acceptConnections() }
    }

    package var url: String { "http://\(host):\(port)" }

    /// Ends listening and every connection, at once.
    package func stop() {
        listener.shutDown()
        open.withLock { state in
            state.stopped = true
            for socket in state.sockets.values { socket.shutDown() }
        }
    }

    private func acceptConnections() {
        while let socket = try? listener.accept(ioTimeout: HTTPServer.ioTimeout) {
            let admitted = open.withLock { state in
                guard !state.stopped, state.sockets.count < HTTPServer.maximumConnections else { return false }
                state.sockets[ObjectIdentifier(socket)] = socket
                return true
            }
            guard admitted else { continue }
            Thread.detach { [self] in
                HTTPConnection(socket: socket, handler: handler).run()
                open.withLock { _ = $0.sockets.removeValue(forKey: ObjectIdentifier(socket)) }
            }
        }
    }
}

/// A detached POSIX thread with a small stack.
enum Thread {
    private final class Work: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    static func detach(_ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 1 << 20)
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        let result = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, work.toOpaque())
        if result != 0 { work.release() }
    }
}
