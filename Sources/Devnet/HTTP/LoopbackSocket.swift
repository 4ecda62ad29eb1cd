internal import Glibc

/// Why a socket gave up. Codes only.
package enum SocketError: Error, Equatable {
    case notLoopback
    case failed(errno: Int32)
    case closed
    case timedOut
}

/// A TCP socket on 127.0.0.0/8; no other address can be expressed. Closed when the last owner lets go.
package final class LoopbackSocket: Sendable {
    let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Listens on `host`; port 0 lets the kernel choose.
    static func listening(host: String, port: UInt16) throws(SocketError) -> LoopbackSocket {
        var address = try socketAddress(host: host, port: port)
        let socket = try LoopbackSocket(checked(Glibc.socket(AF_INET, streamType | closeOnExec, 0)))
        var yes: Int32 = 1
        _ = try checked(setsockopt(socket.descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, wordSize))
        _ = try checked(withSockaddr(&address) { bind(socket.descriptor, $0, $1) })
        _ = try checked(listen(socket.descriptor, 512))
        return socket
    }

    static func connected(host: String, port: UInt16, ioTimeout: Int) throws(SocketError) -> LoopbackSocket {
        var address = try socketAddress(host: host, port: port)
        let socket = try LoopbackSocket(checked(Glibc.socket(AF_INET, streamType | closeOnExec, 0)))
        _ = try checked(withSockaddr(&address) { connect(socket.descriptor, $0, $1) })
        socket.configure(ioTimeout: ioTimeout)
        return socket
    }

    /// Waits for the next connection. Throws `closed` once `shutDown` was called on this socket.
    func accept(ioTimeout: Int) throws(SocketError) -> LoopbackSocket {
        while true {
            let accepted = Glibc.accept(descriptor, nil, nil)
            if accepted >= 0 {
                // accept4 is hidden from Swift; nothing here starts another program meanwhile.
                _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
                let socket = LoopbackSocket(accepted)
                socket.configure(ioTimeout: ioTimeout)
                return socket
            }
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EMFILE, ENFILE: usleep(10_000)
            case EINVAL: throw .closed
            default: throw .failed(errno: errno)
            }
        }
    }

    var port: UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withSockaddr(&address) { pointer, _ in getsockname(descriptor, pointer, &length) }
        return UInt16(bigEndian: address.sin_port)
    }

    /// Reads what there is, at least one byte. 0 means that the peer has finished.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SocketError) -> Int {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count >= 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN: throw .timedOut
            case ECONNRESET: throw .closed
            default: throw .failed(errno: errno)
            }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SocketError) {
        var sent = 0
        while sent < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
            let count = send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if count >= 0 {
                sent += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: throw .timedOut
            case EPIPE, ECONNRESET: throw .closed
            default: throw .failed(errno: errno)
            }
        }
    }

    func write(_ bytes: [UInt8]) throws(SocketError) {
        let result: Result<Void, SocketError> = bytes.withUnsafeBytes { buffer in
            do throws(SocketError) { return .success(try write(buffer)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Whether a byte, or the peer's end, arrives within the time.
    func becomesReadable(milliseconds: Int) -> Bool { waits(for: Int16(POLLIN), milliseconds: milliseconds) }

    /// Waits until the peer goes away, at most `milliseconds`.
    func waitForHangUp(milliseconds: Int) {
        _ = waits(for: peerHungUp, milliseconds: milliseconds)
    }

    private func waits(for events: Int16, milliseconds: Int) -> Bool {
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        return poll(&entry, 1, Int32(clamping: milliseconds)) > 0
    }

    func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    func shutDown() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Makes the closing that follows a reset, which the peer sees as ECONNRESET.
    func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// Every later read and write gives up after `ioTimeout` seconds without progress.
    private func configure(ioTimeout: Int) {
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, wordSize)
        var limit = timeval(tv_sec: ioTimeout, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }
}

private let streamType = Int32(SOCK_STREAM.rawValue)
private let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)
// POLLRDHUP, a GNU extension hidden from Swift: the peer has finished sending, or is gone.
private let peerHungUp: Int16 = 0x2000
private let wordSize = socklen_t(MemoryLayout<Int32>.size)

private func checked(_ result: Int32) throws(SocketError) -> Int32 {
    guard result >= 0 else { throw .failed(errno: errno) }
    return result
}

/// Only a numeric address in 127.0.0.0/8 is accepted: a name could resolve to anything.
private func socketAddress(host: String, port: UInt16) throws(SocketError) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    guard inet_pton(AF_INET, host, &address.sin_addr) == 1, UInt32(bigEndian: address.sin_addr.s_addr) >> 24 == 127
    else { throw .notLoopback }
    return address
}

private func withSockaddr(
    _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
    }
}
