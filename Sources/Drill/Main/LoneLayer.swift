internal import CSystem
internal import Drill
internal import Glibc
internal import Worker

/// One layer without the others, built by the calls that the worker builds it with.
enum LoneLayer {
    static func build(_ name: String) {
        guard name != "none" else { return }
        // Landlock asks for no_new_privs of whoever is not root.
        let built =
            switch DrillLayer(rawValue: name) {
            case .landlock: csystem_set_no_new_privileges() == 0 && Landlock.denyAll() > 0
            case .namespaces: csystem_unshare_namespaces() == 0
            case .emptyRoot: csystem_unshare_namespaces() == 0 && csystem_enter_empty_root() == 0
            case .executableMemory: csystem_deny_executable_memory() == 0
            case .noNewPrivileges: csystem_set_no_new_privileges() == 0
            case .notDumpable: csystem_set_nondumpable() == 0
            case .seccomp, .limits, .capabilities, nil: false
            }
        guard built else { _exit(DrillStatus.notUnderstood) }
    }
}
