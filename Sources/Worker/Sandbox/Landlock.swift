internal import CSystem
internal import Shared

/// The worker's Landlock ruleset: no right on anything, for good. Needs no_new_privs.
package enum Landlock {
    /// - Returns: the kernel's ABI version, 0 where it has none or refused.
    package static func denyAll() -> Int {
        let rules = LandlockRules(abi: Int(csystem_landlock_abi()))
        guard rules.abi > 0, csystem_landlock_deny(rules.files, rules.network, rules.scopes) == 0 else { return 0 }
        return rules.abi
    }
}
