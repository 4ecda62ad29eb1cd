internal import Foundation
internal import Glibc

/// What `/proc/PID` says about another process. Full sight needs root, for workers are not dumpable.
package struct ProcessView: Sendable {
    package let pid: Int32

    package init(_ pid: Int32) { self.pid = pid }

    package var exists: Bool { kill(pid, 0) == 0 }

    /// A file of the process's folder; empty when it is gone or may not be read.
    package func text(_ name: String) -> String { String(decoding: WholeFile.bytes(path(name)) ?? [], as: UTF8.self) }

    package func path(_ name: String) -> String { "/proc/\(pid)/\(name)" }

    /// `status` as a table.
    package var status: [String: String] {
        Dictionary(
            text("status").split(separator: "\n").compactMap { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { return nil }
                return (String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces))
            }, uniquingKeysWith: { $1 })
    }

    /// Soft and hard limit of each row of `limits`, by name.
    package var limits: [String: (soft: String, hard: String)] {
        var table: [String: (soft: String, hard: String)] = [:]
        for line in text("limits").split(separator: "\n").dropFirst() {
            let name = String(line.prefix(26)).trimmingCharacters(in: .whitespaces)
            let words = line.dropFirst(26).split(separator: " ")
            guard words.count >= 2 else { continue }
            table[name] = (String(words[0]), String(words[1]))
        }
        return table
    }

    /// Where each descriptor leads.
    package var descriptors: [Int: String] {
        var table: [Int: String] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path("fd"))) ?? [] {
            guard let number = Int(name), let target = link("fd/\(name)") else { continue }
            table[number] = target
        }
        return table
    }

    /// The environment the process was started with, as the kernel still shows it. glibc 2.36 takes GLIBC_TUNABLES apart
    /// in place, so that a zero stands where a colon stood: both separate here.
    package var environment: [String] {
        text("environ").split { $0 == "\0" || $0 == ":" }.map(String.init)
    }

    package func link(_ name: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: path(name))
    }

    package var residentKilobytes: Int { kilobytes("VmRSS") }
    /// The most that was ever resident, or has been since `forgetPeak`.
    package var peakKilobytes: Int { kilobytes("VmHWM") }

    /// - Returns: what is resident now.
    package func forgetPeak() throws -> Int {
        try Data("5".utf8).write(to: URL(filePath: path("clear_refs")))
        return peakKilobytes
    }

    private func kilobytes(_ row: String) -> Int { Int(status[row]?.split(separator: " ").first ?? "") ?? 0 }

    /// Children, zombies included.
    package var children: [ProcessView] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { Int32($0) }.map(ProcessView.init).filter { $0.parent == pid }
    }

    /// Tests ask for children over and over; `status` has the same in a table that must be read whole.
    private var parent: Int32? {
        // PID (NAME) STATE PARENT …, where a name may be anything.
        guard let line = WholeFile.bytes(path("stat")), let name = line.lastIndex(of: UInt8(ascii: ")")) else {
            return nil
        }
        let words = line[(name + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 2)
        return words.count > 1 ? Int32(String(decoding: words[1], as: UTF8.self)) : nil
    }

    /// Nanoseconds on a processor, of its first thread.
    var computed: Int { Int(text("schedstat").split(separator: " ").first ?? "") ?? 0 }

    /// Whether a process of one thread waits in poll(2), or in what this architecture has instead.
    package var isPolling: Bool {
        #if arch(x86_64)
            text("syscall").hasPrefix("7 ")
        #else
            text("syscall").hasPrefix("73 ")
        #endif
    }

    package var isZombie: Bool { status["State"]?.hasPrefix("Z") ?? false }
    package var name: String { status["Name"] ?? "" }

    package var threads: [Int32] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path("task"))) ?? []).compactMap { Int32($0) }
    }
}
