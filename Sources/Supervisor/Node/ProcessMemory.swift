internal import CSystem
internal import Glibc

/// The supervisor's own memory, towards other processes of the same user.
package enum ProcessMemory {
    /// No core file, no debugger, no reading through /proc from now on; root is not bound by this.
    package static func hide() {
        var nothing = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(UInt32(RLIMIT_CORE.rawValue)), &nothing)
        _ = csystem_set_nondumpable()
    }
}
