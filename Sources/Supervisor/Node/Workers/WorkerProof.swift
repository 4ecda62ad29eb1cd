internal import Foundation
internal import Glibc

/// What the kernel says about a worker, read from outside. No secret leaves the supervisor before this is right.
package struct WorkerProof: Sendable, Equatable {
    /// A wall that must stand around every worker.
    package enum Wall: String, Sendable, CaseIterable {
        case seccomp, noNewPrivileges, singleThread, capabilities, notTraced, notDumpable
        case coreLimit, fileSizeLimit, processLimit, descriptorLimit
    }

    /// Extra layers that this kernel gave the worker.
    package let ownProcessNamespace: Bool

    /// Reads `/proc/PID`; throws the first wall that does not stand.
    init(pid: pid_t) throws(WorkerError) {
        let status = WorkerProof.table("/proc/\(pid)/status", separator: ":")
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
        let limits = WorkerProof.limits("/proc/\(pid)/limits")
        try require(.coreLimit, limits["Max core file size"] == "0")
        try require(.fileSizeLimit, limits["Max file size"] == "0")
        try require(.processLimit, limits["Max processes"] == "0")
        try require(.descriptorLimit, limits["Max open files"].flatMap { Int($0) }.map { $0 <= 16 } ?? false)
        ownProcessNamespace = (status["NSpid"]?.split(separator: "\t").count ?? 1) > 1
    }

    private static func lines(_ path: String) -> [Substring] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: "\n")
    }

    private static func table(_ path: String, separator: Character) -> [Substring: Substring] {
        var table: [Substring: Substring] = [:]
        for line in lines(path) {
            guard let end = line.firstIndex(of: separator) else { continue }
            table[line[..<end]] = line[line.index(after: end)...].drop { $0 == " " || $0 == "\t" }
        }
        return table
    }

    /// Hard limits by name. The columns of the file are 26, 21 and 21 characters wide.
    private static func limits(_ path: String) -> [Substring: Substring] {
        var table: [Substring: Substring] = [:]
        for line in lines(path).dropFirst() where line.count > 47 {
            let name = line.prefix(26)
            let end = name.lastIndex { $0 != " " }.map { name.index(after: $0) } ?? name.endIndex
            table[name[..<end]] = line.dropFirst(47).prefix(21).split(separator: " ").first
        }
        return table
    }
}
