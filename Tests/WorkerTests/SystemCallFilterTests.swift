import CSeccomp
import Glibc
import Shared
import Testing

@testable import Worker

/// The filter as a program: made for each architecture on this machine and run by a machine of our own, so that the one
/// for another processor is looked at as closely as the kernel's own.
@Suite("The system call filter") struct SystemCallFilterTests {
    private static let tokens: [SystemCallTable.Architecture: UInt32] = [.x86_64: 0xC000_003E, .aarch64: 0xC000_00B7]

    /// The filter of an architecture as the kernel would get it.
    private func program(for architecture: SystemCallTable.Architecture) throws -> PacketFilter {
        let context = try #require(SystemCallFilter.empty())
        defer { seccomp_release(context) }
        let token = try #require(SystemCallFilterTests.tokens[architecture])
        let native = seccomp_arch_native()
        if token != native {
            try #require(seccomp_arch_remove(context, native) == 0 && seccomp_arch_add(context, token) == 0)
        }
        try SystemCallFilter.fill(context, with: SystemCallTable.of(architecture).rules)
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        // As the kernel's header has them: the process is killed, not one thread of it; the filter is every thread's.
        let isKilling = 0x8000_0000 as UInt32
        for (attribute, value) in [
            (SCMP_FLTATR_ACT_DEFAULT, isKilling), (SCMP_FLTATR_ACT_BADARCH, isKilling), (SCMP_FLTATR_CTL_TSYNC, 1),
        ] {
            var found: UInt32 = 0
            try #require(seccomp_attr_get(context, attribute, &found) == 0)
            #expect(found == value, "\(attribute)")
        }
        // A few hundred bytes, which the pipe holds.
        let exported = seccomp_export_bpf(context, ends[1])
        close(ends[1])
        try #require(exported == 0)
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(ends[0], &bytes, bytes.count)
        return try #require(PacketFilter(Array(bytes.prefix(max(0, count)))))
    }

    private func number(_ rule: SystemCallRule, _ architecture: SystemCallTable.Architecture) throws -> Int32 {
        seccomp_syscall_resolve_name_arch(try #require(SystemCallFilterTests.tokens[architecture]), rule.name)
    }

    @Test("every call of the table exists on its architecture", arguments: SystemCallTable.Architecture.allCases)
    func names(_ architecture: SystemCallTable.Architecture) throws {
        let rules = SystemCallTable.of(architecture).rules
        let numbers = try rules.map { try number($0, architecture) }
        #expect(numbers.allSatisfy { $0 >= 0 } && Set(numbers).count == rules.count)
        // A call that the other one does not have shows that it is not this machine's list that is asked.
        #expect((seccomp_syscall_resolve_name_arch(0xC000_00B7, "poll") >= 0) == false)
    }

    @Test("only the table that was attacked is said to be proven")
    func proven() {
        #expect(SystemCallTable.Architecture.allCases.filter { SystemCallTable.of($0).isProven } == [.x86_64])
    }

    @Test(
        "the filter of each architecture allows its table's calls and ends everything else",
        arguments: SystemCallTable.Architecture.allCases)
    func decides(_ architecture: SystemCallTable.Architecture) throws {
        let filter = try program(for: architecture)
        let rules = SystemCallTable.of(architecture).rules
        let token = try #require(SystemCallFilterTests.tokens[architecture])
        var allowed: Set<Int32> = []
        // A legal value wherever a rule looks at one argument.
        for rule in rules {
            let number = try number(rule, architecture)
            allowed.insert(number)
            var arguments = [UInt64](repeating: 0, count: 6)
            guard let check = rule.constraint.check else {
                #expect(filter.verdict(token, number, [.max, .max, .max, .max, .max, .max]) == SystemCallFilter.allow)
                continue
            }
            let place = Int(check.argument)
            for bit in 0..<64 {
                arguments[place] = check.value ^ 1 << UInt64(bit)
                let isLegal = arguments[place] & check.mask == check.value
                #expect(
                    filter.verdict(token, number, arguments)
                        == (isLegal ? SystemCallFilter.allow : SystemCallFilter.killProcess), "\(rule.name) bit \(bit)")
            }
            arguments[place] = check.value
            #expect(filter.verdict(token, number, arguments) == SystemCallFilter.allow, "\(rule.name)")
        }
        let arguments = [UInt64](repeating: 0, count: 6)
        for number in Array(Int32(0)...1100) + [.max, -1, .min] where !allowed.contains(number) {
            #expect(filter.verdict(token, number, arguments) == SystemCallFilter.killProcess, "\(number)")
        }
        for number in allowed {
            // x32's bit, and every other processor.
            #expect(filter.verdict(token, number | 1 << 30, arguments) == SystemCallFilter.killProcess)
            for other in [0xC000_003E, 0xC000_00B7, 0x4000_0003, 0x4000_0028, 0] as [UInt32] where other != token {
                #expect(filter.verdict(other, number, [3, 1, 0, 0, 0, 0]) == SystemCallFilter.killProcess)
            }
        }
    }
}
