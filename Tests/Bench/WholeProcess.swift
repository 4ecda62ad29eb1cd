import Foundation
import TestNetwork

/// Timings of commands as an operator has them.
enum WholeProcess {
    /// Median of 21 runs of `blindference-node`, in milliseconds, with this process's environment. Started and awaited by
    /// the kernel's own calls: Foundation's wait adds up to 50 ms.
    static func time(_ command: String...) throws -> Double {
        let program = TestNetwork.binaries.appending(path: "blindference-node").path
        let words = ([program] + command).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        var times: [Double] = []
        for _ in 0..<21 {
            let start = ContinuousClock.now
            var pid: pid_t = 0
            var outcome: Int32 = 0
            guard posix_spawn(&pid, program, &actions, nil, words, environ) == 0, waitpid(pid, &outcome, 0) == pid,
                outcome == 0
            else { throw ChildProcess.Failure.notFound(program) }
            times.append((ContinuousClock.now - start).inMilliseconds)
        }
        return times.median
    }
}
