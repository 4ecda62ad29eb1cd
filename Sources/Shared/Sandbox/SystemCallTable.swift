/// Every system call that a worker may make, by architecture. Everything else ends the process. There is no second list
/// and no way to widen this one.
package struct SystemCallTable: Sendable {
    package enum Architecture: String, Sendable, CaseIterable { case x86_64, aarch64 }

    package let architecture: Architecture
    package let rules: [SystemCallRule]

    package static func of(_ architecture: Architecture) -> SystemCallTable {
        let substitutes = substitutes[architecture] ?? [:]
        return SystemCallTable(
            architecture: architecture,
            rules: all.map { SystemCallRule(substitutes[$0.name] ?? $0.name, $0.constraint, $0.reason) })
    }

    /// The table of the machine this is compiled for.
    package static var current: SystemCallTable {
        #if arch(x86_64)
            of(.x86_64)
        #elseif arch(arm64)
            of(.aarch64)
        #endif
    }

    /// Whether tests have attacked a filter of this table and found it minimal.
    package var isProven: Bool { architecture == .x86_64 }

    /// SHA-256 over one line a rule, `name argument mask value`: two filters are equal exactly when these are.
    package var digest: [UInt8] {
        let lines = rules.map { rule in
            let check = rule.constraint.check.map { " \($0.argument) \($0.mask) \($0.value)" } ?? ""
            return rule.name + check + "\n"
        }
        return SHA256.hash(Array((architecture.rawValue + "\n" + lines.joined()).utf8))
    }

    /// The descriptor of the channel to the supervisor.
    package static let channel: UInt64 = 3

    private static let all = [
        SystemCallRule("read", "frame bodies from the supervisor, bytes from the model's server"),
        SystemCallRule("write", "frames to the supervisor, bytes to the model's server"),
        SystemCallRule("recvmsg", .descriptor(channel), "frame starts, with which a connected descriptor may come"),
        SystemCallRule("poll", "waiting for the model's server with a deadline"),
        SystemCallRule("close", "ending a connection"),
        SystemCallRule("getpid", "OpenSSL's random generator looks for a fork"),
        SystemCallRule("getrandom", "sealing pair, output key, nonces"),
        SystemCallRule("mmap", .notExecutable, "heap of larger blocks"),
        SystemCallRule("munmap", "heap of larger blocks"),
        SystemCallRule("brk", "heap of smaller blocks"),
        SystemCallRule("clock_gettime", "deadlines, where the clock has no vDSO"),
        SystemCallRule("exit_group", "the end"),
    ]

    /// Kernels without a call have the C library make it of another.
    private static let substitutes: [Architecture: [String: String]] = [.aarch64: ["poll": "ppoll"]]
}
