internal import Dispatch
internal import Glibc
internal import Shared

/// Connects to endpoints for workers, which cannot. Only endpoints of the job's own order reach this place.
package struct EndpointConnector: Sendable {
    private static let timeout: Duration = .seconds(5)

    package init() {}

    /// A connected, non-blocking TCP socket, tried over all addresses of the host; nil when none answers. Plain
    /// connections are made to this machine only.
    func connect(to endpoint: Endpoint) async -> Int32? {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: EndpointConnector.open(endpoint)) }
        }
    }

    private static func open(_ endpoint: Endpoint) -> Int32? {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(endpoint.host, String(endpoint.port), &hints, &found) == 0 else { return nil }
        defer { freeaddrinfo(found) }
        let deadline = ContinuousClock.now + timeout
        var next = found
        while let candidate = next?.pointee {
            next = candidate.ai_next
            guard endpoint.usesTLS || isLoopback(candidate) else { continue }
            if let connected = open(candidate, deadline) { return connected }
        }
        return nil
    }

    private static func open(_ candidate: addrinfo, _ deadline: ContinuousClock.Instant) -> Int32? {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(candidate.ai_family, type, candidate.ai_protocol)
        guard descriptor >= 0 else { return nil }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        if Glibc.connect(descriptor, candidate.ai_addr, candidate.ai_addrlen) != 0 {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            var failure: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            guard errno == EINPROGRESS, poll(&waiting, 1, max(0, (deadline - .now).milliseconds)) == 1,
                getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) == 0, failure == 0
            else {
                close(descriptor)
                return nil
            }
        }
        return descriptor
    }

    private static func isLoopback(_ candidate: addrinfo) -> Bool {
        switch candidate.ai_family {
        case AF_INET:
            candidate.ai_addr.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt32(bigEndian: $0.pointee.sin_addr.s_addr) >> 24 == 127
            }
        case AF_INET6:
            candidate.ai_addr.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin6_addr) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
            }
        default: false
        }
    }
}
