/// The kernel's machine for seccomp programs (classic BPF), as far as libseccomp uses it.
struct PacketFilter {
    private struct Instruction {
        let code: UInt16
        let whenTrue: Int
        let whenFalse: Int
        let value: UInt32
    }

    private let instructions: [Instruction]

    /// `struct sock_filter`, eight bytes each.
    init?(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, bytes.count.isMultiple(of: 8) else { return nil }
        instructions = stride(from: 0, to: bytes.count, by: 8).map { at in
            let value = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[at + 4 + $1]) << (8 * UInt32($1)) }
            return Instruction(
                code: UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8, whenTrue: Int(bytes[at + 2]),
                whenFalse: Int(bytes[at + 3]), value: value)
        }
    }

    /// What the program says of a call; nil for a program that this machine does not know.
    func verdict(_ architecture: UInt32, _ number: Int32, _ arguments: [UInt64]) -> UInt32? {
        // struct seccomp_data as 32-bit words: number, architecture, instruction pointer, arguments.
        var data = [UInt32(bitPattern: number), architecture, 0, 0]
        for argument in arguments {
            data += [UInt32(truncatingIfNeeded: argument), UInt32(truncatingIfNeeded: argument >> 32)]
        }
        var accumulator: UInt32 = 0
        var position = 0
        while position < instructions.count {
            let instruction = instructions[position]
            let value = instruction.value
            position += 1
            var isTrue: Bool?
            switch instruction.code {
            case 0x20:
                guard value.isMultiple(of: 4), Int(value / 4) < data.count else { return nil }
                accumulator = data[Int(value / 4)]
            case 0x54: accumulator &= value
            case 0x05: position += Int(value)
            case 0x15: isTrue = accumulator == value
            case 0x25: isTrue = accumulator > value
            case 0x35: isTrue = accumulator >= value
            case 0x45: isTrue = accumulator & value != 0
            case 0x06: return value
            default: return nil
            }
            if let isTrue { position += isTrue ? instruction.whenTrue : instruction.whenFalse }
        }
        return nil
    }
}
