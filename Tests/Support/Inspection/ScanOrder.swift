package import Foundation

/// What `canary-scan` is asked, as JSON on its standard input. Never as arguments: those would be in `/proc`.
package struct ScanOrder: Codable, Sendable {
    package struct Canary: Codable, Sendable {
        package let name: String
        package let bytes: Data
        /// Texts are also looked for as UTF-16 and as JSON escapes them.
        package let isText: Bool

        package init(_ name: String, text: String) {
            (self.name, bytes, isText) = (name, Data(text.utf8), true)
        }

        package init(_ name: String, bytes: [UInt8]) {
            (self.name, self.bytes, isText) = (name, Data(bytes), false)
        }

        var needles: [Needle] {
            isText
                ? Needle.spellings(of: String(decoding: bytes, as: UTF8.self), name)
                : Needle.spellings(of: [UInt8](bytes), name)
        }
    }

    package let canaries: [Canary]
    package let processes: [Int32]
    /// Files, and folders with everything below them.
    package let paths: [String]

    package init(_ canaries: [Canary], processes: [Int32] = [], paths: [String] = []) {
        self.canaries = canaries
        self.processes = processes
        self.paths = paths
    }
}

/// What `canary-scan` saw, place by place. Only counts: the report can be printed.
package struct ScanReport: Codable, Sendable {
    package struct Place: Codable, Sendable {
        package let name: String
        package let bytesRead: Int
        /// How often each spelling of each canary was found; what was not found is not listed.
        package let hits: [String: Int]
        /// Regions that the process itself may read and root may not.
        package let unreadable: [String]

        /// All spellings of one canary together.
        package func count(_ canary: String) -> Int {
            hits.filter { $0.key.hasPrefix(canary + " (") }.values.reduce(0, +)
        }
    }

    package let places: [Place]

    /// A process has two places: `arena PID`, all that is locked, and `memory PID`, everything else.
    package func arena(_ pid: Int32) -> Place? { place("arena \(pid)") }
    package func memory(_ pid: Int32) -> Place? { place("memory \(pid)") }
    package func place(_ name: String) -> Place? { places.first { $0.name == name } }
}

extension ScanReport {
    package struct Unreadable: Error { package let path: String }

    /// Looks everywhere. A process or a file that cannot be read is an error, not a clean result; a file that is gone is
    /// none.
    package init(answering order: ScanOrder) throws {
        let needles = order.canaries.flatMap(\.needles)
        let all = NeedleSet(needles)
        var places: [Place] = []
        for pid in order.processes {
            let scan = try MemoryScan(ProcessView(pid), for: needles)
            for (name, isLocked) in [("arena", true), ("memory", false)] {
                let hits = scan.hits.filter { $0.isLocked == isLocked }
                places.append(
                    Place(
                        name: "\(name) \(pid)", bytesRead: isLocked ? scan.lockedBytesRead : scan.openBytesRead,
                        hits: Dictionary(hits.map { ($0.needle, 1) }, uniquingKeysWith: +),
                        unreadable: isLocked ? [] : scan.unreadable))
            }
        }
        for path in order.paths.flatMap(ScanReport.files) {
            guard let bytes = WholeFile.bytes(path) else {
                guard !WholeFile.isThere(path) else { throw Unreadable(path: path) }
                continue
            }
            let hits = all.places(in: bytes, count: bytes.count).map { ($0.needle.name, 1) }
            places.append(
                Place(
                    name: path, bytesRead: bytes.count, hits: Dictionary(hits, uniquingKeysWith: +), unreadable: []))
        }
        self.places = places
    }

    private static func files(_ path: String) -> [String] {
        guard let below = FileManager.default.enumerator(atPath: path) else { return [path] }
        let names = below.compactMap { $0 as? String }
        return names.isEmpty ? [path] : names.map { path + "/" + $0 }
    }
}
