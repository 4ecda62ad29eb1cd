/// One line of the worker's allow-list: a system call, what its arguments may be, and why a job needs it.
struct SystemCallRule {
    enum Constraint {
        case none
        /// Argument 2 (protection) must not contain PROT_EXEC.
        case notExecutable
        /// Argument 1 (operation) must be FUTEX_WAKE: one thread has nobody to wait for.
        case wakeOnly
        /// Argument 0 must be this descriptor.
        case descriptor(UInt64)
    }

    let name: StaticString
    let constraint: Constraint
    let reason: StaticString

    /// Everything else ends the process. There is no second list and no way to widen this one.
    static let all: [SystemCallRule] = [
        SystemCallRule(
            name: "read", constraint: .none, reason: "frame bodies from the supervisor, bytes from the model's server"),
        SystemCallRule(
            name: "write", constraint: .none, reason: "frames to the supervisor, bytes to the model's server"),
        SystemCallRule(
            name: "recvmsg", constraint: .descriptor(UInt64(SupervisorChannel.descriptor)),
            reason: "frame starts, with which a connected descriptor may come"),
        SystemCallRule(name: "poll", constraint: .none, reason: "waiting for the model's server with a deadline"),
        SystemCallRule(name: "close", constraint: .none, reason: "ending a connection"),
        SystemCallRule(name: "getpid", constraint: .none, reason: "OpenSSL's random generator looks for a fork"),
        SystemCallRule(name: "gettid", constraint: .none, reason: "Swift's mutex notes its owner"),
        SystemCallRule(name: "getrandom", constraint: .none, reason: "sealing pair, output key, nonces"),
        SystemCallRule(name: "futex", constraint: .wakeOnly, reason: "the end of a one-time initialisation"),
        SystemCallRule(name: "mmap", constraint: .notExecutable, reason: "heap of larger blocks"),
        SystemCallRule(name: "munmap", constraint: .none, reason: "heap of larger blocks"),
        SystemCallRule(name: "brk", constraint: .none, reason: "heap of smaller blocks"),
        SystemCallRule(name: "clock_gettime", constraint: .none, reason: "deadlines, where the clock has no vDSO"),
        SystemCallRule(name: "exit_group", constraint: .none, reason: "the end"),
    ]
}
