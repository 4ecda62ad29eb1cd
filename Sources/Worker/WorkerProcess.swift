internal import CSystem
internal import Glibc
package import Shared

/// The life of one worker: walls, one job, wipe, end.
///
/// Arguments: the longest prompt in bytes, and, where an endpoint of this node uses TLS, the file with the certificates.
/// The exit status says what went wrong, for a worker has no other voice: 0 job over, 64 the supervisor went away,
/// 65 the channel broke, 70 and up a wall could not be built (`SandboxError`).
package enum WorkerProcess {
    /// - Parameter rules: tests leave out one at a time to see it needed.
    package static func run(
        arguments: [String] = CommandLine.arguments, rules: [SystemCallRule] = SystemCallTable.current.rules
    ) -> Never {
        guard (2...3).contains(arguments.count), let prompt = Int(arguments[1]), prompt > 0, prompt <= 1 << 30,
            SupervisorChannel.prepare()
        else { _exit(SandboxError.arguments.rawValue) }
        let limits = JobLimits(prompt: prompt)
        let sandbox: Sandbox
        do {
            sandbox = try Sandbox(
                arenaCapacity: limits.arena, trustFile: arguments.count == 3 ? arguments[2] : nil, rules: rules)
        } catch { _exit(error.rawValue) }
        _exit(serve(sandbox, limits))
    }

    private static func serve(_ sandbox: Sandbox, _ limits: JobLimits) -> Int32 {
        var status: Int32 = 0
        do throws(ChannelError) {
            var channel = SupervisorChannel(limits: limits)
            try channel.send(.ready, fields: sandbox.readyFields)
            var job = Job(channel: channel, trust: sandbox.trust)
            try job.run()
        } catch .closed { status = 64 } catch { status = 65 }
        csystem_wipe_stack()
        return status
    }
}
