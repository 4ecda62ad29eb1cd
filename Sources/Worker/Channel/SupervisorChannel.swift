internal import CSystem
internal import Glibc
internal import Shared

/// The worker's end of the channel: descriptor 3, blocking. When the supervisor goes away, the worker ends. It may wait
/// for the next frame without end, but not in the middle of one.
struct SupervisorChannel: ~Copyable {
    static let descriptor = Int32(SystemCallTable.channel)
    /// Seconds without a byte, of a supervisor that writes a frame at once and waits to read.
    private static let patience = 5

    let limits: JobLimits
    private(set) var machine = JobMachine()

    init(limits: JobLimits) { self.limits = limits }

    /// Before the filter closes; false for a descriptor that is no socket.
    static func prepare() -> Bool {
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        return [SO_RCVTIMEO, SO_SNDTIMEO].allSatisfy {
            setsockopt(descriptor, SOL_SOCKET, $0, &limit, socklen_t(MemoryLayout<timeval>.size)) == 0
        }
    }

    /// Sends a frame; a body may be secret.
    mutating func send(_ kind: MessageKind, fields: [JSONValue.Member] = []) throws(ChannelError) {
        try write(FrameHeader(kind, fields: fields).encoded())
        try observe(kind)
    }

    mutating func send(_ kind: MessageKind, fields: [JSONValue.Member], body: borrowing SecretBytes)
        throws(ChannelError)
    {
        try write(FrameHeader(kind, bodyLength: body.count, fields: fields).encoded())
        try body.withBytes { bytes throws(ChannelError) in try write(bytes) }
        try observe(kind)
    }

    /// Waits for the frame that must come next. Its body goes straight into secret memory.
    mutating func receive(_ expected: MessageKind) throws(ChannelError) -> Received {
        var prefix = [UInt8](repeating: 0, count: FrameHeader.lengthBytes)
        var descriptor: Int32 = -1
        try prefix.withUnsafeMutableBufferPointer { buffer throws(ChannelError) in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            let first = try SupervisorChannel.retrying(withoutEnd: true) {
                csystem_receive_descriptor(SupervisorChannel.descriptor, bytes.baseAddress, bytes.count, &descriptor)
            }
            try SupervisorChannel.fill(UnsafeMutableRawBufferPointer(rebasing: bytes[first...]))
        }
        var text = [UInt8](repeating: 0, count: try FrameHeader.length(prefix))
        try text.withUnsafeMutableBufferPointer { buffer throws(ChannelError) in
            try SupervisorChannel.fill(UnsafeMutableRawBufferPointer(buffer))
        }
        let header = try FrameHeader(parsing: text, limits: limits)
        guard header.kind == expected else { throw .outOfOrder(header.kind) }
        guard header.kind.carriesDescriptor == (descriptor >= 0) else {
            throw descriptor >= 0 ? .strayDescriptor : .missingDescriptor
        }
        try observe(header.kind, starts: header.fields["role"]?.text.flatMap(JobMachine.Role.init))
        return Received(descriptor: descriptor, fields: header.fields, bodyLength: header.bodyLength)
    }

    /// What a frame brought. Whoever takes the descriptor owns it.
    struct Received {
        let descriptor: Int32
        let fields: JSONValue
        let bodyLength: Int
    }

    /// Reads `count` bytes of the body that was announced last.
    func readBody(_ count: Int) throws -> SecretBytes {
        var body = try SecretBytes(zeros: count)
        try body.withMutableBytes { bytes in try SupervisorChannel.fill(bytes) }
        return body
    }

    private mutating func observe(_ kind: MessageKind, starts role: JobMachine.Role? = nil) throws(ChannelError) {
        if machine.observe(kind, starts: role) == .refuse { throw .outOfOrder(kind) }
    }

    private func write(_ bytes: [UInt8]) throws(ChannelError) {
        try bytes.withUnsafeBufferPointer { bytes throws(ChannelError) in try write(UnsafeRawBufferPointer(bytes)) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(ChannelError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = try SupervisorChannel.retrying {
                Glibc.write(SupervisorChannel.descriptor, rest.baseAddress, rest.count)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    private static func fill(_ bytes: UnsafeMutableRawBufferPointer) throws(ChannelError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = try retrying { read(descriptor, rest.baseAddress, rest.count) }
            rest = UnsafeMutableRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// A result of 0 is the supervisor's end.
    private static func retrying(withoutEnd: Bool = false, _ call: () -> Int) throws(ChannelError) -> Int {
        while true {
            let result = call()
            if result > 0 { return result }
            if result == 0 { throw .closed }
            let code = errno
            if code == EAGAIN, !withoutEnd { throw .timedOut }
            if code != EINTR, code != EAGAIN { throw .system(errno: code) }
        }
    }
}
