/// What stands around a worker beyond the walls that must: used wherever the kernel has it. `required_layers` makes
/// those that it names mandatory.
package enum SandboxLayer: String, Sendable, CaseIterable {
    /// Deny-all rules for files, TCP and scopes.
    case landlock
    /// memfd_secret: memory that not even root can read. Without it, the arena is locked memory.
    case secretMemory = "secret_memory"
    /// Own network, IPC, host name and mounts.
    case namespaces
    /// A root folder with nothing in it: no file and no mount has a name.
    case emptyRoot = "empty_root"
    /// No other process is visible.
    case processNamespace = "process_namespace"
    /// Memory can never become executable (PR_SET_MDWE, Linux 6.3).
    case noExecutableMemory = "no_executable_memory"
    /// Speculative store bypass is off for the worker.
    case speculation

    /// What is weaker without it.
    package var consequence: String {
        switch self {
        case .landlock: "files and TCP are closed by the system call filter alone"
        case .secretMemory: "root can read a worker's secrets, which are locked and never dumped"
        case .namespaces: "the network is closed by the system call filter alone"
        case .emptyRoot: "names and properties of files and mounts are closed by the system call filter alone"
        case .processNamespace: "a worker shares the process numbers of this machine, and can signal none of them"
        case .noExecutableMemory: "executable memory is refused by the system call filter alone"
        case .speculation: "the processor may speculate past stores in a worker"
        }
    }
}
