internal import CDrill
internal import CSeccomp
internal import Drill
internal import Glibc
internal import Shared

/// A script with its names resolved and its memory laid out: running it makes no call but its own.
struct PreparedAttack {
    private enum Value {
        case constant(Int)
        case result
    }

    private enum Step {
        case call(Int, [Value])
        case int80(Int)
        case fault(Int)
        case spin
    }

    /// The worker's table, widened by the calls of a wide script.
    let rules: [SystemCallRule]
    private let steps: [Step]

    init(_ script: DrillScript, canary: UnsafeRawBufferPointer) {
        var steps: [Step] = []
        var names: Set<String> = []
        for step in script.steps {
            switch step {
            case .call(let name, let arguments):
                let number = seccomp_syscall_resolve_name(name)
                guard number >= 0 else { _exit(DrillStatus.noSuchCall) }
                names.insert(name)
                steps.append(.call(Int(number), arguments.map { PreparedAttack.value($0, canary) }))
            case .numbered(let number, let arguments):
                steps.append(.call(number, arguments.map { PreparedAttack.value($0, canary) }))
            case .int80(let number): steps.append(.int80(number))
            case .fault(let kind): steps.append(.fault(kind))
            case .spin: steps.append(.spin)
            }
        }
        self.steps = steps
        let table = SystemCallTable.current.rules
        rules =
            script.isWide
            ? table.filter { !names.contains($0.name) } + names.map { SystemCallRule($0, .none, "drill") } : table
    }

    /// The exit status that tells how it went.
    func run() -> Int32 {
        var result = 0
        for step in steps {
            switch step {
            case .call(let number, let arguments):
                result = withUnsafeTemporaryAllocation(of: Int.self, capacity: 6) { values in
                    values.initialize(repeating: 0)
                    for (place, argument) in arguments.enumerated() {
                        switch argument {
                        case .constant(let value): values[place] = value
                        case .result: values[place] = result
                        }
                    }
                    return cdrill_call(number, values.baseAddress)
                }
            case .int80(let number): result = cdrill_int80(number)
            case .fault(let kind): cdrill_fault(Int32(kind))
            case .spin: while true {}
            }
            // What the kernel returns for an error.
            if (-4095..<0).contains(result) { return Int32(-result) }
        }
        return DrillStatus.survived
    }

    /// Memory is never given back: the process ends with its attack.
    private static func value(_ argument: DrillScript.Argument, _ canary: UnsafeRawBufferPointer) -> Value {
        switch argument {
        case .number(let number): return .constant(number)
        case .text(let text): return .constant(Int(bitPattern: strdup(text)))
        case .bytes(let bytes):
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 16)
            copy.copyBytes(from: bytes)
            return .constant(Int(bitPattern: copy.baseAddress))
        case .room(let count):
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
            room.initializeMemory(as: UInt8.self, repeating: 0)
            return .constant(Int(bitPattern: room.baseAddress))
        case .canary: return .constant(Int(bitPattern: canary.baseAddress))
        case .result: return .result
        }
    }
}
