import Foundation
import Shared
import Testing

extension Security {
    /// Each constraint with all other arguments legal. The filter sees 64 bits of each argument; the kernel takes as many
    /// as the call's type has. Where it takes fewer, the filter may let the others pass only if they change nothing.
    @Suite("The filter, argument by argument") struct FilterArgumentTests {
        private func end(_ call: String, _ value: UInt64, _ rest: String) throws -> Bool {
            let status = try RawWorker.end(of: call.replacing("_", with: String(Int64(bitPattern: value))) + rest)
            #expect(status < 128 || status == RawWorker.killed)
            return status == RawWorker.killed
        }

        private func expect(_ call: String, ends: (UInt64) -> Bool, for values: some Sequence<UInt64>) throws {
            for value in values {
                #expect(try end(call, value, "") == ends(value), "\(call) with \(String(value, radix: 16))")
            }
        }

        private static let bits = (0..<64).map { UInt64(1) << $0 }

        @Test("recvmsg takes the channel and no other descriptor, in all 64 bits", .timeLimit(.minutes(1)))
        func recvmsg() throws {
            // The kernel takes 32 bits, so that 3 with any high half is the channel, too: the filter is the stricter one.
            let small = [UInt64](0..<16)
            let others = small + FilterArgumentTests.bits.map { 3 ^ $0 } + [.max, 3 | 3 << 32]
            try expect("recvmsg _ 0 0", ends: { $0 != 3 }, for: others + [3])
        }

        @Test("memory is never mapped executable, whatever else the protection says", .timeLimit(.minutes(1)))
        func mmap() throws {
            // The kernel looks for PROT_EXEC in the same bit of the same 64; what it does not know it ignores.
            let others: [UInt64] = [0, 0x0100_0000, 0x0200_0000, 1 << 32, 7 << 61]
            let combinations = [UInt64](0..<16).flatMap { low in others.map { low | $0 } }
            let protections = combinations + FilterArgumentTests.bits.map { 3 | $0 } + [.max]
            try expect("mmap 0 4096 _ 34 -1 0", ends: { $0 & 4 != 0 }, for: protections)
        }
    }
}
