internal import CSystem
internal import Glibc
package import Shared

/// The walls around one worker, in the one order that works. Nothing here can be switched off.
///
/// Before: the supervisor closed all descriptors but 0-3, set the limits and forbade new privileges.
/// `blindference-drill` builds the very same walls, and then attacks them.
package struct Sandbox {
    /// Landlock's ABI version, 0 where the kernel has none.
    package let landlock: Int
    package let arena: SecretArena.Kind
    package let noExecutableMemory: Bool
    let trust: TrustStore?

    private static let nobody: uid_t = 65534

    /// - Parameter rules: tests narrow the table to see each rule needed; a worker has no way to name others.
    package init(
        arenaCapacity: Int, trustFile: String?, rules: [SystemCallRule] = SystemCallTable.current.rules
    ) throws(SandboxError) {
        // exec made the process dumpable again.
        guard csystem_set_nondumpable() == 0 else { throw .dumpable }
        // The arena comes before the identity goes: root may lock more than a user.
        do { arena = try SecretArena.prepare(capacity: arenaCapacity).kind } catch { throw .arena }
        var nothing = rlimit(rlim_cur: 0, rlim_max: 0)
        // After the arena: memfd_secret is sized by ftruncate, which the limit would stop.
        guard setrlimit(__rlimit_resource_t(UInt32(RLIMIT_FSIZE.rawValue)), &nothing) == 0 else { throw .privileges }
        // While there are files. What is in it is read when the identity is gone.
        let certificates = trustFile.map { open($0, O_RDONLY | O_CLOEXEC) }
        if geteuid() == 0 {
            _ = csystem_enter_empty_root()
            let dropped = csystem_drop_identity(Sandbox.nobody, Sandbox.nobody) == 0
            guard csystem_drop_capabilities() == 0, dropped else { throw .identity }
        } else if csystem_unshare_namespaces() == 0 {
            // Made here, after exec, and not at the clone: memory that was made inside a user namespace is open to the
            // owner of that namespace (ptrace_may_access), dumpable or not. An extra layer: the kernel may refuse it.
            _ = csystem_enter_empty_root()
            guard csystem_drop_capabilities() == 0 else { throw .identity }
        }
        // A change of identity resets both.
        guard csystem_set_nondumpable() == 0, csystem_set_parent_death_signal(SIGKILL) == 0 else { throw .dumpable }
        guard csystem_set_no_new_privileges() == 0 else { throw .privileges }
        // A write to a server that went away is an error of that exchange, not the end of the worker.
        signal(SIGPIPE, SIG_IGN)
        guard Cryptography.prepare(forTLS: trustFile != nil) else { throw .cryptography }
        do { trust = try TrustStore.prepare(certificates: certificates) } catch { throw .trustStore }
        // Extra layers: a kernel may lack them.
        noExecutableMemory = csystem_deny_executable_memory() == 0
        _ = csystem_disable_speculation_leaks()
        landlock = Landlock.denyAll()
        try SystemCallFilter.install(rules)
    }

    /// What the worker says of its extra layers in its first frame. What can be seen from outside is not asked.
    package var readyFields: [JSONValue.Member] {
        [
            .init("landlock", .integer(landlock)), .init("arena", .string(arena.rawValue)),
            .init("noExecutableMemory", .bool(noExecutableMemory)),
        ]
    }
}
