internal import DevnetCore
internal import Glibc
internal import Shared

/// The one place that writes.
enum Terminal {
    static func line(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    static func error(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    static func json(_ value: JSONValue) { line(String(decoding: value.encoded(), as: UTF8.self)) }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// What went wrong, in a sentence with the next step.
    static func sentence(_ error: any Error) -> String {
        switch error {
        case LoopbackClient.Failure.notALoopbackURL:
            "The address must be http://127.x.y.z:PORT: copy it from the ready line of `serve`."
        case LoopbackClient.Failure.socket(.failed(ECONNREFUSED)):
            "Nothing listens there: start `blindference-devnet serve` and copy the address of its ready line."
        case LoopbackClient.Failure.socket(let cause): "The connection failed (\(cause))."
        case LoopbackClient.Failure.status(let status, let detail): "The devnet answered \(status): \(detail ?? "-")."
        case LoopbackClient.Failure.malformedAnswer: "The answer was malformed: is this address a devnet?"
        case SocketError.notLoopback: "Only addresses in 127.0.0.0/8 can be listened on."
        case SocketError.failed(EADDRINUSE): "The port is taken: choose another, or 0 for a free one."
        case UserSession.Failure.notDrawn(let words):
            "No quorum could be drawn (\(words)): start more nodes, or `serve` with a smaller --nodes."
        case UserSession.Failure.undecided: "No quorum was reached in time: see `report` and the nodes' logs."
        case UserSession.Failure.unreadable: "The result was accepted, but its answer cannot be read."
        default: "Failed: \(error)."
        }
    }
}

/// A whole file, or standard input for `-`; nil where it cannot be read.
func readFile(_ path: String, limit: Int = 48 << 20) -> [UInt8]? {
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0, bytes.count + count <= limit else { return nil }
        if count == 0 { return bytes }
        bytes += chunk[..<count]
    }
}
