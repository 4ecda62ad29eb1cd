import Glibc

/// A command with its output on a pipe. Foundation's `Process` sees the end of a child by a descriptor that children
/// started at the same time inherit, so its wait never ends while a server of another test runs.
final class ChildProcess: Sendable {
    struct Failed: Error { let status: Int32 }

    private let identity: pid_t
    private let output: Int32

    init(_ command: [String]) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failed(status: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // The thread pool blocks signals, and a child inherits what its thread blocks.
        var attributes = posix_spawnattr_t()
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var identity = pid_t()
        let code = posix_spawnp(&identity, command[0], &actions, &attributes, &arguments, nil)
        close(ends[1])
        guard code == 0 else {
            close(ends[0])
            throw Failed(status: code)
        }
        self.identity = identity
        output = ends[0]
    }

    deinit { close(output) }

    static func run(_ command: String...) throws {
        let status = try ChildProcess(command).wait()
        guard status == 0 else { throw Failed(status: status) }
    }

    /// The first line of its output that starts so.
    func readLine(starting prefix: String) throws -> String {
        var line: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            guard read(output, &byte, 1) == 1 else { throw Failed(status: wait()) }
            if byte != 0x0A {
                line.append(byte)
            } else {
                let text = String(decoding: line, as: UTF8.self)
                if text.hasPrefix(prefix) { return text }
                line = []
            }
        }
    }

    func terminate() {
        kill(identity, SIGKILL)
        _ = wait()
    }

    @discardableResult
    private func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(identity, &status, 0) < 0, errno == EINTR {}
        return status
    }
}
