internal import Glibc

/// An HTTP/1.1 server on 127.0.0.1 for tests: plain sockets, a thread a connection, and a script that may misbehave.
///
/// Every request is recorded with the exact bytes of its body. `stop` (or the last reference) ends all connections,
/// those that hang as well, and waits for their threads.
package final class LoopbackServer: Sendable {
    /// Called on the connection's own thread, once a request.
    package typealias Handler = @Sendable (Request) -> Reply

    private let floor: ServerFloor
    package let port: Int

    /// Serves from now on, at a port the kernel chooses.
    package init(_ handler: @escaping Handler) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard listener >= 0, fcntl(listener, F_SETFD, FD_CLOEXEC) == 0 else { throw LoopbackServerError(errno: errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 128) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard isBound else {
            defer { close(listener) }
            throw LoopbackServerError(errno: errno)
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        floor = ServerFloor(listener: listener)
        floor.start(handler)
    }

    deinit { floor.stop() }

    /// `http://127.0.0.1:PORT`
    package var base: String { "http://127.0.0.1:\(port)" }

    /// All requests so far, in the order of their arrival.
    package var requests: [Request] { floor.requests }

    /// How many connections were accepted so far.
    package var connections: Int { floor.connections }

    package func stop() { floor.stop() }
}

package struct LoopbackServerError: Error { package let errno: Int32 }
