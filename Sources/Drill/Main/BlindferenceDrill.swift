internal import CProbes
internal import Glibc
internal import Shared
internal import Worker

/// A worker that has been taken over. It builds the walls of the real one, with the same code, says `ready`, waits for the
/// first bytes of a job, and then does what its second argument says:
///
/// `call NUMBER ARGUMENT…` any system call (`@text` is a pointer to that text), `int80`, `fault N`.
///
/// Exit status 42 says that the attack came back: the walls did not hold.
@main
struct HostileWorker {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let prompt = Int(arguments[1]) else { _exit(2) }
        let sandbox: Sandbox
        do {
            sandbox = try Sandbox(arenaCapacity: JobLimits(prompt: prompt).arena, trustFile: nil)
        } catch { _exit(error.rawValue) }
        // Taken apart before the attack, so that nothing but the attack meets the filter.
        let words = arguments[2].split(separator: " ").map(String.init)
        let texts = words.dropFirst(2).map { $0.hasPrefix("@") ? strdup(String($0.dropFirst())) : nil }
        var values = zip(words.dropFirst(2), texts).map { word, text in
            text.map { Int(bitPattern: $0) } ?? Int(word) ?? 0
        }
        values += [Int](repeating: 0, count: 6)
        let number = words.count > 1 ? Int(words[1]) ?? 0 : 0
        let ready = FrameHeader(
            .ready,
            fields: [
                .init("landlock", .integer(sandbox.landlock)), .init("arena", .string(sandbox.arena.rawValue)),
            ]
        ).encoded()
        guard ready.withUnsafeBytes({ write(3, $0.baseAddress, $0.count) }) == ready.count else { _exit(3) }
        // What the supervisor sends stays in this buffer: a secret for the crash tests.
        var secret = [UInt8](repeating: 0, count: 4096)
        guard read(3, &secret, secret.count) > 0 else { _exit(4) }
        switch words[0] {
        case "call": _ = cprobes_call(number, values)
        case "int80": _ = cprobes_int80()
        case "fault": cprobes_fault(Int32(number))
        default: _exit(5)
        }
        withExtendedLifetime(secret) {}
        _exit(42)
    }
}
