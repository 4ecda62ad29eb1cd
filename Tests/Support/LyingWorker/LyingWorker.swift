internal import CSystem
internal import Glibc
internal import Shared
internal import Worker

/// A worker that keeps inside its walls and lies on its channel. It builds the walls of the real one, with the same
/// code, and then follows the script in its second argument, a step a line:
///
/// `send TEXT` a frame with this header, `bytes N` filler, `hex DIGITS` bytes as they are, `take` reads one frame,
/// `repeat` does the step behind it for ever, `sleep`, `spin`, `hangup` closes the channel and lives on,
/// `exit`, `descriptor` sends one along.
///
/// It blocks every signal that can be blocked. At the end of the script it sleeps.
@main
struct LyingWorker {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let prompt = Int(arguments[1]) else { _exit(2) }
        var all = sigset_t()
        sigfillset(&all)
        sigprocmask(SIG_BLOCK, &all, nil)
        let limits = JobLimits(prompt: prompt)
        do { _ = try Sandbox(arenaCapacity: limits.arena, trustFile: nil) } catch { _exit(error.rawValue) }
        for line in arguments[2].split(separator: "\n") { LyingWorker.run(line, limits) }
        sleep()
    }

    private static func run(_ line: Substring, _ limits: JobLimits) {
        let end = line.firstIndex(of: " ") ?? line.endIndex
        let rest = line[end...].dropFirst()
        switch line[..<end] {
        case "send":
            let text = Array(rest.utf8)
            write([UInt8(text.count >> 24), UInt8(text.count >> 16 & 255), UInt8(text.count >> 8 & 255)])
            write([UInt8(text.count & 255)] + text)
        case "bytes":
            guard let count = Int(rest) else { _exit(5) }
            write([UInt8](repeating: 0x78, count: count))
        case "hex":
            guard let bytes = Hexadecimal.decode(String(rest)) else { _exit(5) }
            write(bytes)
        case "take": take(limits)
        case "repeat": while true { run(rest, limits) }
        case "sleep": sleep()
        case "spin": while true {}
        case "hangup": close(3)
        case "exit": _exit(0)
        case "descriptor": _ = csystem_send_descriptor(3, "{", 1, 3)
        default: _exit(5)
        }
    }

    private static func sleep() -> Never { while true { _ = poll(nil, 0, -1) } }

    private static func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(3, $0.baseAddress, $0.count) }
            // The supervisor has had enough.
            guard written > 0 else { sleep() }
            rest = rest.dropFirst(written)
        }
    }

    private static func take(_ limits: JobLimits) {
        guard let length = try? FrameHeader.length(read(FrameHeader.lengthBytes)),
            let header = try? FrameHeader(parsing: read(length), limits: limits)
        else { _exit(6) }
        _ = read(header.bodyLength)
    }

    private static func read(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let some = bytes.withUnsafeMutableBytes {
                Glibc.read(3, $0.baseAddress.map { $0 + filled }, count - filled)
            }
            guard some > 0 else { sleep() }
            filled += some
        }
        return bytes
    }
}
