import CProbes
import CSystem
import Foundation
import Glibc
import Shared
import Testing

/// The real worker on a channel that the test itself writes: no supervisor's rules between them.
///
/// Used from synchronous tests only: the worker dies with the thread that started it.
final class RawWorker {
    enum Failure: Error {
        /// The worker has closed its channel or its connection.
        case hungUp
        case unexpected(String)
    }

    let pid: Int32
    private let pidfd: Int32
    private let channel: Int32

    /// - Parameter launcher: a program that runs the worker on other terms; its first argument is the worker's path.
    init(
        _ path: String = Security.worker, under launcher: String? = nil, argument: String? = nil,
        cpuSeconds: UInt64 = 60
    ) throws {
        var sockets: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &sockets) == 0)
        defer { close(sockets[1]) }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(sockets[0], SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let executable = open(launcher ?? path, O_RDONLY | O_CLOEXEC)
        try #require(executable >= 0, "\(launcher ?? path)")
        defer { close(executable) }
        let arguments =
            ((launcher.map { [$0, path] } ?? ["blindference-worker"]) + [String(Security.limits.prompt)]
            + [argument].compactMap { $0 }).map { strdup($0) } + [nil]
        let variables = Security.environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pidfd: Int32 = -1
        let pid = arguments.withUnsafeBufferPointer { arguments in
            variables.withUnsafeBufferPointer { variables in
                let size = UInt64(Security.limits.arena)
                var order = csystem_spawn(
                    executable: executable, arguments: arguments.baseAddress, environment: variables.baseAddress,
                    channel: sockets[1], more: nil, more_count: 0, is_guest: 0, address_space: size + (256 << 20),
                    guest_memory: 0, file_size: size + (1 << 20), cpu_seconds: cpuSeconds, world: nil)
                guard let world = Security.world else { return csystem_spawn(&order, &pidfd) }
                return world.withUnsafeBufferPointer { world in
                    order.world = world.baseAddress
                    return csystem_spawn(&order, &pidfd)
                }
            }
        }
        try #require(pid > 0)
        self.pid = pid
        self.pidfd = pidfd
        channel = sockets[0]
    }

    deinit {
        _ = csystem_pidfd_signal(pidfd, SIGKILL)
        close(channel)
        var outcome: Int32 = 0
        while csystem_pidfd_reap(pidfd, &outcome) == 0 { usleep(1000) }
        close(pidfd)
    }

    func send(_ kind: MessageKind, _ fields: [JSONValue.Member] = [], body: [UInt8] = [], descriptor: Int32 = -1) throws
    {
        try send(
            raw: FrameHeader(kind, bodyLength: body.count, fields: fields).encoded() + body, descriptor: descriptor)
    }

    func send(raw bytes: [UInt8], descriptor: Int32 = -1) throws {
        var rest = bytes[...]
        if descriptor >= 0 {
            guard csystem_send_descriptor(channel, bytes, 1, descriptor) == 1 else { throw Failure.hungUp }
            rest = rest.dropFirst()
        }
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(channel, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { throw Failure.hungUp }
            rest = rest.dropFirst(sent)
        }
    }

    /// The next frame, which must be of this kind.
    @discardableResult
    func receive(_ kind: MessageKind) throws -> (fields: JSONValue, body: [UInt8]) {
        guard let frame = try next() else { throw Failure.hungUp }
        guard frame.header.kind == kind else {
            throw Failure.unexpected(String(decoding: frame.header.fields.encoded(), as: UTF8.self))
        }
        return (frame.header.fields, frame.body)
    }

    /// The next frame; nil at the worker's end.
    func next() throws -> (header: FrameHeader, body: [UInt8])? {
        let prefix = read(FrameHeader.lengthBytes)
        if prefix.isEmpty { return nil }
        let header = try FrameHeader(parsing: read(try FrameHeader.length(prefix)), limits: Security.limits)
        return (header, read(header.bodyLength))
    }

    private func read(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var chunk = [UInt8](repeating: 0, count: count - bytes.count)
            let some = recv(channel, &chunk, chunk.count, 0)
            guard some > 0 else { return [] }
            bytes += chunk[..<some]
        }
        return bytes
    }

    /// Sends what the worker takes before it has had enough; `false` when it hung up.
    @discardableResult
    func push(_ bytes: [UInt8], descriptors: [Int32] = []) -> Bool {
        var rest = bytes[...]
        if !descriptors.isEmpty {
            guard cprobes_send_descriptors(channel, bytes, 1, descriptors, descriptors.count) == 1 else { return false }
            rest = rest.dropFirst()
        }
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(channel, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    /// Sends as much as goes without waiting for the worker; how many bytes that was.
    @discardableResult
    func flood(_ bytes: [UInt8]) -> Int {
        var rest = bytes[...]
        while !rest.isEmpty {
            let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
            let sent = rest.withUnsafeBytes { Glibc.send(channel, $0.baseAddress, $0.count, flags) }
            guard sent > 0 else { break }
            rest = rest.dropFirst(sent)
        }
        return bytes.count - rest.count
    }

    /// For tests that must stay on the thread that started their worker.
    static func wait(_ what: Comment? = nil, until condition: () throws -> Bool) throws {
        let end = ContinuousClock.now + .seconds(10)
        while try !condition() {
            try #require(ContinuousClock.now < end, what)
            usleep(5000)
        }
    }

    /// What a supervisor does when it dies; or closes one direction only.
    func hangUp(_ direction: Int = SHUT_RDWR) { shutdown(channel, Int32(direction)) }

    /// The exit status, or 128 + a signal; nil when it still runs after `seconds`.
    func end(within seconds: Double = 5) -> Int32? {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            let status = csystem_pidfd_peek(pidfd)
            if status >= 0 { return status }
            usleep(2000)
        }
        return nil
    }

    /// Whether the kernel wrote a core of the ended process, wherever to; nil while it runs.
    var dumpedCore: Bool? {
        var info = siginfo_t()
        // 3 is P_PIDFD; the process is left to be reaped.
        guard waitid(idtype_t(3), id_t(pidfd), &info, WEXITED | WNOHANG | WNOWAIT) == 0, info.si_signo == SIGCHLD else {
            return nil
        }
        return info.si_code == Int32(CLD_DUMPED)
    }
}
