internal import Glibc
package import Shared

/// What the kernel says about a worker, read from outside. No secret leaves the supervisor before this is right.
package struct WorkerProof: Sendable, Equatable {
    /// A wall that must stand around every worker.
    package enum Wall: String, Sendable, CaseIterable {
        case seccomp, noNewPrivileges, singleThread, capabilities, notTraced, notDumpable, lockedMemory
        case coreLimit, fileSizeLimit, processLimit, descriptorLimit, memoryLimit, processorLimit
        case descriptors, environment

        /// Others may not look: a worker is not dumpable.
        static let seenByRoot: Set<Wall> = [.descriptors, .environment]
    }

    /// The kernel's lines by which the walls were judged.
    package let status: [String: String]
    /// Hard limits, by the kernel's names.
    package let limits: [String: String]
    /// Where the descriptors lead; nil where this user may not look.
    package let descriptors: [String]?
    /// The extra layers that can be seen from outside.
    package let layers: Set<SandboxLayer>

    private static let lines: Set = [
        "Seccomp", "Seccomp_filters", "NoNewPrivs", "Threads", "TracerPid", "CapInh", "CapPrm", "CapEff", "CapBnd",
        "CapAmb", "Uid", "Gid", "NSpid", "VmLck", "VmSwap", "Speculation_Store_Bypass", "SpeculationIndirectBranch",
    ]
    private static let limitNames: Set = [
        "Max core file size", "Max file size", "Max processes", "Max open files", "Max locked memory",
        "Max address space", "Max cpu time",
    ]

    /// Reads `/proc/PID`; throws the first wall that does not stand.
    ///
    /// - Parameter arena: the bytes that must be locked.
    init(pid: pid_t, arena: Int) throws(WorkerError) {
        let status = WorkerProof.status(pid)
        let limits = WorkerProof.limits(pid)
        let descriptors = ProcessFile.descriptors(of: pid)
        func require(_ wall: Wall, _ stands: Bool) throws(WorkerError) {
            if !stands { throw .notConfined(wall) }
        }
        // 2 is filter mode; a process that seccomp has killed shows 3.
        try require(.seccomp, status["Seccomp"] == "2")
        try require(.noNewPrivileges, status["NoNewPrivs"] == "1")
        try require(.singleThread, status["Threads"] == "1")
        try require(
            .capabilities,
            ["CapEff", "CapPrm", "CapInh", "CapAmb"].allSatisfy { status[$0].flatMap { Int($0, radix: 16) } == 0 })
        try require(.notTraced, status["TracerPid"] == "0")
        var owner = stat()
        let found = stat("/proc/\(pid)/status", &owner) == 0
        // The kernel gives root the files of a process that is not dumpable, whoever runs it.
        let identity = status["Uid"]?.split(separator: "\t").first
        try require(.notDumpable, found && owner.st_uid == 0 && identity != "0")
        let locked = status["VmLck"]?.split(separator: " ").first.flatMap { Int($0) } ?? 0
        try require(.lockedMemory, locked << 10 >= arena)
        try require(.coreLimit, limits["Max core file size"] == "0")
        try require(.fileSizeLimit, limits["Max file size"] == "0")
        try require(.processLimit, limits["Max processes"] == "0")
        try require(.descriptorLimit, limits["Max open files"].flatMap { Int($0) }.map { $0 <= 16 } ?? false)
        // A number, where an unlimited process has a word.
        try require(.memoryLimit, limits["Max address space"].flatMap { UInt64($0) } != nil)
        try require(.processorLimit, limits["Max cpu time"].flatMap { UInt64($0) } != nil)
        if let descriptors {
            let expected = ["0 /dev/null", "1 /dev/null", "2 /dev/null"]
            let isChannel = descriptors.last?.hasPrefix("3 socket:") ?? false
            try require(.descriptors, descriptors.dropLast() == expected[...] && isChannel)
            try require(.environment, WorkerProof.environment(pid) == WorkerProof.expectedEnvironment)
        }
        self.status = status
        self.limits = limits
        self.descriptors = descriptors
        layers = WorkerProof.layers(pid, status)
    }

    private static func layers(_ pid: pid_t, _ status: [String: String]) -> Set<SandboxLayer> {
        var layers: Set<SandboxLayer> = []
        if (status["NSpid"]?.split(separator: "\t").count ?? 1) > 1 { layers.insert(.processNamespace) }
        // Each network namespace has files of its own behind this name. The other kinds are entered with it, at once.
        let network = ProcessFile.inode("/proc/\(pid)/net/dev")
        if let network, network != ProcessFile.inode("/proc/self/net/dev") { layers.insert(.namespaces) }
        // All mounts that it can name: of its root folder, "ID PARENT DEVICE / / ro,… - tmpfs …", and none below.
        let mounts = ProcessFile.lines("/proc/\(pid)/mountinfo").map { text($0).split(separator: " ") }
        if mounts.count == 1, mounts[0].dropFirst(3).prefix(2) == ["/", "/"], mounts[0].contains("tmpfs"),
            mounts[0].dropFirst(5).first?.hasPrefix("ro,") == true
        {
            layers.insert(.emptyRoot)
        }
        let speculation = status["Speculation_Store_Bypass"] ?? ""
        if speculation.contains("mitigated") || speculation == "not vulnerable" { layers.insert(.speculation) }
        return layers
    }

    private static func status(_ pid: pid_t) -> [String: String] {
        var table: [String: String] = [:]
        for line in ProcessFile.lines("/proc/\(pid)/status") {
            guard let end = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = text(line[..<end])
            guard lines.contains(name) else { continue }
            table[name] = text(line[(end + 1)...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") })
        }
        return table
    }

    /// The columns of the file are 26, 21 and 21 characters wide.
    private static func limits(_ pid: pid_t) -> [String: String] {
        var table: [String: String] = [:]
        let space = UInt8(ascii: " ")
        for line in ProcessFile.lines("/proc/\(pid)/limits").dropFirst() where line.count > 47 {
            let column = line.prefix(26)
            let name = text(column[...(column.lastIndex { $0 != space } ?? column.startIndex)])
            guard limitNames.contains(name) else { continue }
            table[name] = text(line.dropFirst(47).prefix { $0 != space })
        }
        return table
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    /// glibc takes GLIBC_TUNABLES apart in place, so that a zero stands where a colon stood.
    private static func parts(_ bytes: some Sequence<UInt8>) -> [[UInt8]] {
        Array(bytes).split { $0 == 0 || $0 == UInt8(ascii: ":") }.map(Array.init)
    }

    private static func environment(_ pid: pid_t) -> [[UInt8]] { parts(ProcessFile.read("/proc/\(pid)/environ")) }

    private static let expectedEnvironment = parts(WorkerProgram.environment.joined(separator: ":").utf8)
}
