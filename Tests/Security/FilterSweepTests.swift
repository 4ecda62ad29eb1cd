import CProbes
import CSeccomp
import Foundation
import Shared
import Testing

extension Security {
    @Suite("The filter, call by call") struct FilterSweepTests {
        /// The calls that a worker may make, with arguments that their rules allow.
        static let legal = [
            "read": "3 0 0", "write": "3 0 0", "recvmsg": "3 0 0", "poll": "0 0 0", "ppoll": "0 0 0 0 0",
            "close": "99", "getpid": "", "getrandom": "0 0 0",
            "mmap": "0 4096 3 34 -1 0", "munmap": "0 0", "brk": "0", "clock_gettime": "0 0", "exit_group": "42",
        ]

        static let table = SystemCallTable.current.rules
        /// The table's numbers on this machine, as the kernel's own headers give them.
        static let listed = Set(table.map { Int(seccomp_syscall_resolve_name($0.name)) })
        /// Beyond the last call of any kernel so far.
        static let numbers = 0...600
        private static let x32 = 1 << 30

        /// uretprobe and uprobe, which the kernel keeps from every filter (6.14 and 6.18). Outside of a trampoline that a
        /// tracer with privileges has set they do nothing: SIGILL and ENXIO. Kernels without them have no such number.
        #if arch(x86_64)
            private static let unfiltered: [Int: Int32] = [335: 128 + 4, 336: ENXIO]
        #else
            private static let unfiltered: [Int: Int32] = [:]
        #endif

        @Test("every call on the list comes back", arguments: table.map(\.name))
        func comesBack(_ name: String) throws {
            let arguments = try #require(FilterSweepTests.legal[name])
            #expect(try RawWorker.end(of: "\(name) \(arguments)") < 128)
        }

        private func expectDeath(of numbers: some Sequence<Int>, _ script: (Int) -> String) throws {
            var survivors: [String] = []
            for number in numbers {
                let status = try RawWorker.end(of: script(number))
                if status != RawWorker.killed { survivors.append("\(number): \(status)") }
            }
            #expect(survivors.isEmpty)
        }

        @Test("every number that is not on the list ends the worker", .timeLimit(.minutes(3)))
        func sweep() throws {
            #expect(FilterSweepTests.listed.count == FilterSweepTests.table.count)
            #expect(FilterSweepTests.listed.allSatisfy(FilterSweepTests.numbers.contains))
            let others = FilterSweepTests.numbers.filter { !FilterSweepTests.listed.contains($0) }
            try expectDeath(of: others.filter { FilterSweepTests.unfiltered[$0] == nil }) { "#\($0)" }
            for (number, expected) in FilterSweepTests.unfiltered {
                #expect([expected, RawWorker.killed].contains(try RawWorker.end(of: "#\(number)")), "\(number)")
            }
            try expectDeath(of: [601, 1023, 1024, 4095, 65535, 1 << 29, 1 << 31, 1 << 32 - 1, -1]) { "#\($0)" }
        }

        #if arch(x86_64)
            @Test("every number ends the worker when it carries the bit of x32, listed or not", .timeLimit(.minutes(3)))
            func x32() throws {
                try expectDeath(of: FilterSweepTests.numbers) { "#\(FilterSweepTests.x32 | $0)" }
            }

            @Test("every number ends the worker through the 32-bit entry", .timeLimit(.minutes(3)))
            func int80() throws {
                // Without that entry the instruction itself is a fault.
                let expected = cprobes_has_int80() == 1 ? RawWorker.killed : 128 + SIGSEGV
                var survivors: [String] = []
                for number in FilterSweepTests.numbers {
                    let status = try RawWorker.end(of: "int80 \(number)")
                    if status != expected { survivors.append("\(number): \(status)") }
                }
                #expect(survivors.isEmpty)
            }
        #endif
    }
}
