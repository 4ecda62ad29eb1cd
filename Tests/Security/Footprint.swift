import Foundation
import Glibc
import Inspection
import Testing

/// What a process may have left on disk: every file that changed since this was made, where a dying process, its core or
/// a crash reporter could write.
struct Footprint {
    private let start = Date()
    private let folders: [String]
    /// Where processes of ours work: not asked of the thread, which may have moved to a worker's namespaces and so to `/`.
    private let workingFolders = ["/", (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/cwd"))]
        .compactMap { $0 }

    /// The kernel's `core_pattern`: a file's name (relative to the folder the process works in) or `|PROGRAM`. A program
    /// takes cores where it likes; that it got none is what the kernel says in the status of the dead process.
    static let corePattern = String(
        decoding: FileManager.default.contents(atPath: "/proc/sys/kernel/core_pattern") ?? Data(), as: UTF8.self
    ).trimmingCharacters(in: .whitespacesAndNewlines)

    /// Where cores go that do not go into the working directory; nil for a program.
    private static var coreFolder: String? {
        guard corePattern.hasPrefix("/") else { return nil }
        return (corePattern as NSString).deletingLastPathComponent
    }

    /// Shells often forbid cores, which would hide that a process of ours forbids none. Its children may leave some now.
    private static let allowsCores: Void = {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(UInt32(RLIMIT_CORE.rawValue)), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(UInt32(RLIMIT_CORE.rawValue)), &limit)
    }()

    init() {
        Footprint.allowsCores
        let reporters = ["/var/crash", "/var/lib/systemd/coredump", "/var/lib/apport/coredump"]
        let logs = ["/var/log", "/run/log"]
        let all =
            [NSTemporaryDirectory(), "/tmp", "/dev/shm"] + reporters + logs + [Footprint.coreFolder].compactMap { $0 }
        folders = Set(all.map { ($0 as NSString).standardizingPath }).sorted()
    }

    /// Below the folders everything, in the working directories what lies directly in them.
    var changedFiles: [String] {
        var files: [String] = []
        for folder in workingFolders {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            files += names.map { (folder as NSString).appendingPathComponent($0) }
        }
        for folder in folders {
            guard let below = FileManager.default.enumerator(atPath: folder) else { continue }
            for case let name as String in below {
                files.append(folder + "/" + name)
            }
        }
        return files.filter { path in
            var info = stat()
            // A second's grace: file systems keep coarser times than clocks.
            return lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG
                && TimeInterval(info.st_mtim.tv_sec) >= start.timeIntervalSince1970 - 1
        }
    }

    /// No changed file holds a canary, but for those in `allowed`; none is a core.
    func expectNothing(
        of canaries: [ScanOrder.Canary], allowed: [String] = [], _ comment: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        // The scan is seen to see: this file holds all of them.
        let witness = NSTemporaryDirectory() + "/witness-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: witness) }
        try Data(canaries.flatMap(\.bytes)).write(to: URL(filePath: witness))
        let report = try Security.scan(ScanOrder(canaries, paths: changedFiles))
        let seen = report.places.first { $0.name.hasSuffix((witness as NSString).lastPathComponent) }
        #expect(
            canaries.allSatisfy { seen?.count($0.name) ?? 0 > 0 }, "\(comment): the scan sees",
            sourceLocation: sourceLocation)
        for place in report.places where place.name != seen?.name {
            let name = (place.name as NSString).lastPathComponent
            let isCore = name.wholeMatch(of: /core(\.[0-9]+)?/) != nil
            #expect(!isCore, "\(comment): \(place.name)", sourceLocation: sourceLocation)
            guard !allowed.contains(name) else { continue }
            #expect(place.hits.isEmpty, "\(comment): \(place.name) \(place.hits)", sourceLocation: sourceLocation)
        }
    }
}
