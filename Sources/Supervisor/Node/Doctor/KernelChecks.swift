internal import CSystem
internal import Foundation
internal import Glibc
internal import Shared

/// What the kernel is set to. Paths and numbers are parameters, because a test cannot bend the machine.
enum KernelChecks {
    static func memoryLock(
        _ limits: JobLimits, allowed: UInt64 = csystem_memory_lock_limit(), isRoot: Bool = geteuid() == 0
    ) -> Finding {
        let needed = limits.arena >> 10
        if isRoot {
            return Finding(.memoryLock, .pass, "A worker locks \(needed) KiB; root is not bound by the limit.")
        }
        guard allowed < UInt64(limits.arena) else {
            return Finding(.memoryLock, .pass, "A worker locks \(needed) KiB, and this user may.")
        }
        return Finding(
            .memoryLock, .fail, "A worker locks \(needed) KiB, but this user may lock \(allowed >> 10) KiB.",
            next: "Raise the limit (LimitMEMLOCK in systemd, ulimit -l), or lower max_prompt_bytes.")
    }

    static func corePattern(_ path: String = "/proc/sys/kernel/core_pattern") -> Finding {
        guard let pattern = text(path) else {
            return Finding(.corePattern, .warn, "\(path) cannot be read.", next: "Run doctor where /proc is mounted.")
        }
        guard pattern.hasPrefix("|") || pattern.hasPrefix("@") else {
            return Finding(.corePattern, .pass, "Cores go to files, and the node forbids itself and its workers any.")
        }
        let taker = pattern.drop { $0 == "|" || $0 == "@" }.split(separator: " ").first ?? ""
        return Finding(
            .corePattern, .warn,
            "Cores are handed to \(taker). Node and workers are not dumpable, so the kernel makes none of theirs. A helper's "
                + "limit of one byte keeps its core from a program, but not from a socket, and not where this user's hard "
                + "limit is 0.",
            next: "To be safe from other programs as well: sysctl kernel.core_pattern=core")
    }

    /// - Parameter blocks: where the kernel describes block devices.
    static func swap(_ path: String = "/proc/swaps", blocks: String = "/sys/class/block") -> Finding {
        // A kernel without swap has no such file.
        let places = (text(path) ?? "").split(separator: "\n").dropFirst().compactMap {
            $0.split(whereSeparator: \.isWhitespace).first.map(String.init)
        }
        let plain = places.filter { !isSafe($0, blocks) }
        if places.isEmpty { return Finding(.swap, .pass, "Swap is off.") }
        if plain.isEmpty { return Finding(.swap, .pass, "Swap is encrypted or in memory.") }
        return Finding(
            .swap, .warn,
            "Swap is on at \(plain.joined(separator: ", ")), and not encrypted as far as can be seen. Keys, prompts and "
                + "answers are in locked memory, which is never swapped.",
            next: "To keep even addresses and hashes off the disk: swapoff -a, or encrypt the swap.")
    }

    private static func isSafe(_ place: String, _ blocks: String) -> Bool {
        let name = (place as NSString).lastPathComponent
        if place.hasPrefix("/dev/zram") { return true }
        return place.hasPrefix("/dev/") && text("\(blocks)/\(name)/dm/uuid")?.hasPrefix("CRYPT-") == true
    }

    static func tpm(_ device: String = "/dev/tpmrm0", tier: Int) -> Finding {
        let isThere = access(device, F_OK) == 0
        switch (isThere, tier) {
        case (false, 0): return Finding(.tpm, .pass, "There is no TPM; tier 0 needs none.")
        case (false, _):
            return Finding(
                .tpm, .warn, "There is no TPM at \(device), but the configuration asks for tier \(tier).",
                next: "Switch the TPM on in the firmware, pass the device into the container, or set tier to 0.")
        default:
            guard access(device, R_OK | W_OK) != 0 else { return Finding(.tpm, .pass, "There is a TPM at \(device).") }
            return Finding(
                .tpm, tier == 0 ? .pass : .warn, "There is a TPM at \(device) that this user may not use.",
                next: tier == 0 ? nil : "Put the node's user into the device's group (usually tss).")
        }
    }

    /// The file without white space around it; nil where it cannot be read.
    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map {
            String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }
}
