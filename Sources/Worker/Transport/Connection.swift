internal import COpenSSL
internal import Glibc
internal import Shared

/// A connected, non-blocking stream socket that the supervisor handed over, with or without TLS on top.
///
/// The worker cannot open, bind or connect sockets; this is its only way out, and it ends TLS itself, so that the
/// supervisor sees ciphertext. Every wait is bounded by the deadline of the whole exchange.
struct Connection: ~Copyable {
    private let descriptor: Int32
    private let tls: OpaquePointer?
    private let deadline: Deadline

    /// Takes the descriptor of a socket to another process of this machine over.
    init(plain descriptor: Int32, deadline: Deadline) {
        self.descriptor = descriptor
        self.deadline = deadline
        tls = nil
    }

    /// Takes the descriptor over. With a trust store, TLS is negotiated for `host`: certificate chain and name are
    /// verified, TLS 1.2 or newer.
    init(descriptor: Int32, endpoint: Endpoint, trust: TrustStore?, deadline: Deadline) throws(ExchangeError) {
        self.descriptor = descriptor
        self.deadline = deadline
        guard endpoint.usesTLS else {
            tls = nil
            return
        }
        guard let trust, let tls = SSL_new(trust.context) else {
            close(descriptor)
            throw .noTrustStore
        }
        do throws(ExchangeError) {
            try Connection.handshake(tls, descriptor, endpoint.host, deadline)
        } catch {
            SSL_free(tls)
            close(descriptor)
            throw error
        }
        self.tls = tls
    }

    deinit {
        if let tls { SSL_free(tls) }
        close(descriptor)
    }

    private static func handshake(
        _ tls: OpaquePointer, _ descriptor: Int32, _ host: String, _ deadline: Deadline
    ) throws(ExchangeError) {
        guard copenssl_set_server_name(tls, host) == 1, SSL_set_fd(tls, descriptor) == 1 else { throw .tlsFailed }
        do throws(ExchangeError) {
            _ = try retrying(tls, descriptor, deadline) { SSL_connect(tls) }
        } catch {
            if error == .tlsFailed, SSL_get_verify_result(tls) != Int(X509_V_OK) { throw .certificateRefused }
            throw error
        }
    }

    /// Writes all of `bytes`.
    func write(_ bytes: UnsafeRawBufferPointer) throws(ExchangeError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = try transfer(wait: POLLOUT) { tls, descriptor in
                if let tls {
                    Int(SSL_write(tls, rest.baseAddress, Int32(clamping: rest.count)))
                } else {
                    Glibc.write(descriptor, rest.baseAddress, rest.count)
                }
            }
            guard written > 0 else { throw .closedEarly }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// Reads some bytes; 0 is the peer's orderly end.
    func read(into bytes: UnsafeMutableRawBufferPointer) throws(ExchangeError) -> Int {
        try transfer(wait: POLLIN) { tls, descriptor in
            if let tls {
                Int(SSL_read(tls, bytes.baseAddress, Int32(clamping: bytes.count)))
            } else {
                Glibc.read(descriptor, bytes.baseAddress, bytes.count)
            }
        }
    }

    private func transfer(wait events: Int32, _ call: (OpaquePointer?, Int32) -> Int) throws(ExchangeError) -> Int {
        if let tls { return try Connection.retrying(tls, descriptor, deadline) { Int32(call(tls, descriptor)) } }
        while true {
            let result = call(nil, descriptor)
            if result >= 0 { return result }
            switch errno {
            case EINTR: continue
            case EAGAIN: try Connection.wait(descriptor, events, deadline)
            default: throw .closedEarly
            }
        }
    }

    private static func retrying(
        _ tls: OpaquePointer, _ descriptor: Int32, _ deadline: Deadline, _ call: () -> Int32
    ) throws(ExchangeError) -> Int {
        while true {
            ERR_clear_error()
            let result = call()
            if result > 0 { return Int(result) }
            switch SSL_get_error(tls, result) {
            case SSL_ERROR_WANT_READ: try wait(descriptor, POLLIN, deadline)
            case SSL_ERROR_WANT_WRITE: try wait(descriptor, POLLOUT, deadline)
            case SSL_ERROR_ZERO_RETURN: return 0
            case SSL_ERROR_SYSCALL: throw .closedEarly
            default:
                // OpenSSL 3 reports an end without close_notify, a possible truncation, as a protocol error.
                let reason = ERR_peek_error() & 0x7F_FFFF
                throw reason == UInt(SSL_R_UNEXPECTED_EOF_WHILE_READING) ? .closedEarly : .tlsFailed
            }
        }
    }

    private static func wait(_ descriptor: Int32, _ events: Int32, _ deadline: Deadline) throws(ExchangeError) {
        while true {
            var waiting = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let ready = poll(&waiting, 1, deadline.remaining)
            if ready > 0 { return }
            if ready == 0 { throw .timedOut }
            if errno != EINTR { throw .closedEarly }
        }
    }
}
