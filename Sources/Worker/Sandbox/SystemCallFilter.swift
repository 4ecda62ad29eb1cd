internal import CSeccomp
internal import Shared

/// The worker's seccomp filter, built by libseccomp from a table of rules.
enum SystemCallFilter {
    // Function-like macros of seccomp.h that Swift cannot see.
    static let killProcess: UInt32 = 0x8000_0000
    static let allow: UInt32 = 0x7FFF_0000

    /// Installs the filter for good. A call that is not listed, a foreign architecture and x32 end the process.
    static func install(_ rules: [SystemCallRule]) throws(SandboxError) {
        guard let context = empty() else { throw .filter }
        defer { seccomp_release(context) }
        try fill(context, with: rules)
        guard seccomp_load(context) == 0 else { throw .filter }
    }

    /// A filter that ends the process at every call.
    static func empty() -> scmp_filter_ctx? { seccomp_init(killProcess) }

    /// Adds the rules to a fresh filter, which is for the machine's own architecture unless a test made it for another.
    static func fill(_ context: scmp_filter_ctx, with rules: [SystemCallRule]) throws(SandboxError) {
        guard seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, killProcess) == 0,
            seccomp_attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1) == 0
        else { throw .filter }
        for rule in rules {
            let number = seccomp_syscall_resolve_name(rule.name)
            guard number >= 0 else { throw .filter }
            let added =
                switch rule.constraint.check {
                case .none: seccomp_rule_add_array(context, allow, number, 0, nil)
                case .some(let check): add(context, number, check)
                }
            guard added == 0 else { throw .filter }
        }
    }

    private static func add(_ context: scmp_filter_ctx, _ number: Int32, _ check: ArgumentCheck) -> Int32 {
        var comparison = scmp_arg_cmp(
            arg: check.argument, op: SCMP_CMP_MASKED_EQ, datum_a: check.mask, datum_b: check.value)
        return seccomp_rule_add_array(context, allow, number, 1, &comparison)
    }
}
