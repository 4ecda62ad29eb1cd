import Foundation
import LocalNode
import Shared
import Testing

@testable import Supervisor

@Suite("The doctor's look at the kernel")
struct KernelCheckTests {
    @Test(
        "cores that are handed to a program or a socket are a warning that names it",
        arguments: [
            ("core\n", nil), ("/var/crash/core.%p\n", nil), ("", nil),
            ("|/usr/share/apport/apport -p%p\n", "/usr/share/apport/apport"), ("@/run/cores.sock\n", "/run/cores.sock"),
            ("@@/run/cores.sock\n", "/run/cores.sock"),
        ])
    func corePattern(pattern: String, taker: String?) throws {
        let folder = try TemporaryFolder()
        try folder.write("core_pattern", pattern)
        let found = KernelChecks.corePattern(folder.path("core_pattern"))
        #expect(found.outcome == (taker == nil ? .pass : .warn))
        if let taker { #expect(found.text.contains("handed to \(taker).")) }
        #expect(KernelChecks.corePattern(folder.path("nothing")).outcome == .warn)
    }

    @Test("swap is a warning unless it is off, encrypted or in memory")
    func swap() throws {
        let folder = try TemporaryFolder()
        let head = "Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n"
        func outcome(_ lines: String...) throws -> Finding {
            try folder.write("swaps", head + lines.map { $0 + " partition 100 0 -2\n" }.joined())
            return KernelChecks.swap(folder.path("swaps"), blocks: folder.path("block"))
        }
        for (device, uuid) in [("dm-0", "CRYPT-PLAIN-swap\n"), ("dm-1", "LVM-abc\n")] {
            let place = folder.path("block/\(device)/dm")
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            try folder.write("block/\(device)/dm/uuid", uuid)
        }
        #expect(try outcome().outcome == .pass)
        #expect(try outcome("/dev/dm-0").outcome == .pass)
        #expect(try outcome("/dev/zram0").outcome == .pass)
        #expect(try outcome("/dev/sda2").outcome == .warn)
        #expect(try outcome("/swapfile").outcome == .warn)
        #expect(try outcome("/dev/dm-1").outcome == .warn)
        let mixed = try outcome("/dev/dm-0", "/dev/sda2")
        #expect(mixed.outcome == .warn)
        #expect(mixed.text.contains("/dev/sda2") && !mixed.text.contains("/dev/dm-0"))
        #expect(mixed.text.contains("locked memory"), "the arenas are not in danger")
        #expect(KernelChecks.swap(folder.path("no-swap-in-this-kernel")).outcome == .pass)
    }

    @Test("an ordinary user must be allowed to lock one whole arena, root need not")
    func memoryLock() {
        let limits = JobLimits(prompt: 8 << 20)
        let enough = UInt64(limits.arena)
        #expect(KernelChecks.memoryLock(limits, allowed: enough, isRoot: false).outcome == .pass)
        #expect(KernelChecks.memoryLock(limits, allowed: enough - 1, isRoot: true).outcome == .pass)
        let found = KernelChecks.memoryLock(limits, allowed: enough - 1, isRoot: false)
        #expect(found.outcome == .fail)
        #expect(found.nextStep?.contains("ulimit -l") == true)
    }

    @Test("a missing TPM matters only to who asks for more than tier 0")
    func tpm() throws {
        let folder = try TemporaryFolder()
        #expect(KernelChecks.tpm(folder.path("none"), tier: 0).outcome == .pass)
        #expect(KernelChecks.tpm(folder.path("none"), tier: 1).outcome == .warn)
        try folder.write("tpmrm0", "")
        #expect(KernelChecks.tpm(folder.path("tpmrm0"), tier: 1).outcome == .pass)
    }
}
