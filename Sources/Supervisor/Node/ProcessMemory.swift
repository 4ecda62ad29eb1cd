internal import CSystem
internal import Glibc

/// The supervisor's own memory, towards other processes of the same user and towards whoever reads what a crash leaves.
package enum ProcessMemory {
    /// Everything that Swift's crash printer catches.
    private static let faults = [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP]

    /// No core file, no debugger, no reading through /proc from now on; root is not bound by this. Nor a crash report:
    /// Swift's runtime has read SWIFT_BACKTRACE before `main`, and would write registers and memory to standard error.
    package static func hide() {
        for fault in faults { signal(fault, SIG_DFL) }
        // One byte, as helpers have it (processes.c): a child cannot raise what is 0 here. 0 where 1 is not allowed.
        for bytes in [1, 0] as [rlim_t] {
            var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
            if setrlimit(__rlimit_resource_t(UInt32(RLIMIT_CORE.rawValue)), &limit) == 0 { break }
        }
        _ = csystem_set_nondumpable()
    }
}
