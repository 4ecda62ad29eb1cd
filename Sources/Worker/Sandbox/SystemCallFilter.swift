internal import CSeccomp
internal import Glibc

/// The worker's seccomp filter, built by libseccomp from `SystemCallRule.all`.
enum SystemCallFilter {
    // Function-like macros of seccomp.h that Swift cannot see.
    private static let killProcess: UInt32 = 0x8000_0000
    private static let allow: UInt32 = 0x7FFF_0000

    /// Installs the filter for good. A call that is not listed, a foreign architecture and x32 end the process.
    static func install() throws(SandboxError) {
        guard let context = seccomp_init(killProcess) else { throw .filter }
        defer { seccomp_release(context) }
        guard seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, killProcess) == 0,
            seccomp_attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1) == 0
        else { throw .filter }
        for rule in SystemCallRule.all {
            let number = rule.name.withUTF8Buffer { name in
                name.withMemoryRebound(to: CChar.self) { seccomp_syscall_resolve_name($0.baseAddress) }
            }
            guard number >= 0 else { throw .filter }
            let added =
                switch rule.constraint {
                case .none: seccomp_rule_add_array(context, allow, number, 0, nil)
                case .notExecutable: add(context, number, argument: 2, mask: UInt64(PROT_EXEC), equals: 0)
                case .wakeOnly: add(context, number, argument: 1, mask: 0xFFFF_FF7F, equals: 1)
                case .descriptor(let value): add(context, number, argument: 0, mask: .max, equals: value)
                }
            guard added == 0 else { throw .filter }
        }
        guard seccomp_load(context) == 0 else { throw .filter }
    }

    private static func add(
        _ context: scmp_filter_ctx, _ number: Int32, argument: UInt32, mask: UInt64, equals value: UInt64
    ) -> Int32 {
        var comparison = scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: mask, datum_b: value)
        return seccomp_rule_add_array(context, allow, number, 1, &comparison)
    }
}
