internal import Foundation
internal import Glibc

/// A real fault in a running program, made from outside: root writes instructions over those that a waiting thread will
/// run when its system call returns. A signal that is only sent does not reach the first process of a namespace.
package struct PlantedFault: Sendable {
    enum Code: Sendable {
        case instructions([UInt8])
        /// A function, by its name in a symbol table.
        case call(String, UInt64, UInt64)
    }

    package let name: String
    let code: Code

    #if arch(x86_64)
        /// `mov dword ptr [8], 1`
        package static let segmentation = PlantedFault(
            name: "segmentation fault", code: .instructions([0xC7, 0x04, 0x25, 8, 0, 0, 0, 1, 0, 0, 0]))
        /// `ud2`, with which Swift's own traps end as well.
        package static let trap = PlantedFault(name: "trap", code: .instructions([0x0F, 0x0B]))
        /// `int3`
        package static let breakpoint = PlantedFault(name: "breakpoint", code: .instructions([0xCC]))
        /// `call` to itself: return addresses pile up to the end of the stack.
        package static let stackOverflow = PlantedFault(
            name: "stack overflow", code: .instructions([0xE8, 0xFB, 0xFF, 0xFF, 0xFF]))
        /// `mov eax, NUMBER; syscall`
        package static func systemCall(_ number: UInt8) -> PlantedFault {
            PlantedFault(name: "system call \(number)", code: .instructions([0xB8, number, 0, 0, 0, 0x0F, 0x05]))
        }
        /// More than there is, of the allocator of everything that Swift allocates.
        package static let outOfMemory = PlantedFault(
            name: "out of memory", code: .call("swift_slowAlloc", 1 << 60, 15))
        package static let abort = PlantedFault(name: "abort", code: .call("abort", 0, 0))
    #endif

    package enum Failure: Error { case nobodyWaits, unknownSymbol(String), notWritten(errno: Int32) }
}

extension ProcessView {
    /// Plants `fault` where a thread of this process waits in the system call `number`; it strikes at the call's return.
    package func plant(_ fault: PlantedFault, afterSystemCall number: Int) throws {
        // "NUMBER ARGUMENT… STACK-POINTER INSTRUCTION-POINTER"
        let waiting = threads.map { text("task/\($0)/syscall").split(whereSeparator: \.isWhitespace) }
            .first { $0.count == 9 && $0[0] == String(number) }
        guard let place = waiting?.last, let address = UInt(place.dropFirst(2), radix: 16) else {
            throw PlantedFault.Failure.nobodyWaits
        }
        try plant(fault, at: address)
    }

    func plant(_ fault: PlantedFault, at address: UInt) throws {
        switch fault.code {
        case .instructions(let instructions): try write(instructions, at: address)
        case .call(let symbol, let first, let second):
            // What is behind the address may be needed on the way: there is only a jump to where the program began,
            // which nobody needs any more.
            let start = try self.address(of: "_start")
            // mov rdi, FIRST; mov rsi, SECOND; mov rax, FUNCTION; and rsp, -16; call rax
            let call =
                [0x48, 0xBF] + bytes(first) + [0x48, 0xBE] + bytes(second) + [0x48, 0xB8]
                + bytes(UInt64(try self.address(of: symbol))) + [0x48, 0x83, 0xE4, 0xF0, 0xFF, 0xD0]
            try write(call, at: start)
            // mov rax, START; jmp rax
            try write([0x48, 0xB8] + bytes(UInt64(start)) + [0xFF, 0xE0], at: address)
        }
    }

    private func bytes(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }

    /// The first two bytes last and at once: a thread may be running there (`Hold`).
    func write(_ instructions: [UInt8], at address: UInt) throws(PlantedFault.Failure) {
        let memory = open(path("mem"), O_RDWR | O_CLOEXEC)
        guard memory >= 0 else { throw .notWritten(errno: errno) }
        defer { close(memory) }
        let first = min(2, instructions.count)
        for part in [instructions[first...], instructions[..<first]] where !part.isEmpty {
            let offset = Int(bitPattern: address) + part.startIndex
            guard part.withUnsafeBytes({ pwrite(memory, $0.baseAddress, $0.count, offset) }) == part.count else {
                throw .notWritten(errno: errno)
            }
        }
    }
}
