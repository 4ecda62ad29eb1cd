package import Foundation
internal import Glibc

/// Looks for texts and keys in the memory of another process, through `/proc/PID/mem`.
package struct MemoryScan: Sendable {
    package struct Hit: Sendable, CustomStringConvertible {
        package let needle: String
        package let region: String
        package let address: UInt
        /// In memory that is never paged out: the arena of a process.
        package let isLocked: Bool
        package var description: String { "\(needle) at \(String(address, radix: 16)) in \(region)" }
    }

    package let hits: [Hit]
    package let lockedBytesRead: Int
    package let openBytesRead: Int
    package var bytesRead: Int { lockedBytesRead + openBytesRead }
    /// Readable by the process, refused to us: secret memory and the kernel's own pages.
    package let unreadable: [String]

    package enum Failure: Error {
        case unreadable(pid: Int32, errno: Int32)
        /// The list of regions does not reach the stack, which is the last that any process has of its own.
        case incomplete(pid: Int32)
    }

    package func hits(_ needle: String) -> [Hit] { hits.filter { $0.needle.hasPrefix(needle) } }

    /// Reads every readable region. A process whose memory cannot be opened is an error, not a clean result.
    package init(_ process: ProcessView, for needles: [Needle]) throws {
        let memory = open(process.path("mem"), O_RDONLY | O_CLOEXEC)
        guard memory >= 0 else { throw Failure.unreadable(pid: process.pid, errno: errno) }
        defer { close(memory) }
        var hits: [Hit] = []
        var unreadable: [String] = []
        var (lockedTotal, openTotal) = (0, 0)
        let all = NeedleSet(needles)
        let overlap = (needles.map(\.bytes.count).max() ?? 1) - 1
        let (step, page) = (4 << 20, UInt(sysconf(Int32(_SC_PAGESIZE))))
        var buffer = [UInt8](repeating: 0, count: step + overlap)
        let regions = process.regions
        guard regions.contains(where: { $0.name == "[stack]" }) else { throw Failure.incomplete(pid: process.pid) }
        for region in regions where region.isReadable {
            var start = region.range.lowerBound
            var isCut = false
            while start < region.range.upperBound {
                let wanted = min(UInt(step + overlap), region.range.upperBound - start)
                let count = pread(memory, &buffer, Int(wanted), Int(bitPattern: start))
                guard count > 0 else {
                    let name = region.name.isEmpty ? region.permissions : region.name
                    if !isCut { unreadable.append(name) }
                    isCut = true
                    start += page
                    continue
                }
                // A page that cannot be read ends a read early; what lies behind it is read for itself.
                let scanned = count < Int(wanted) ? count : min(count, step)
                if region.isLocked { lockedTotal += scanned } else { openTotal += scanned }
                for (needle, offset) in all.places(in: buffer, count: count) where offset < scanned {
                    hits.append(
                        Hit(
                            needle: needle.name, region: region.name, address: start + UInt(offset),
                            isLocked: region.isLocked))
                }
                start += UInt(scanned)
            }
        }
        self.hits = hits
        self.unreadable = unreadable
        lockedBytesRead = lockedTotal
        openBytesRead = openTotal
    }

    /// All needles of a file.
    package static func file(_ url: URL, for needles: [Needle]) throws -> [String] {
        let bytes = [UInt8](try Data(contentsOf: url))
        return NeedleSet(needles).names(in: bytes).sorted().map { "\($0) in \(url.lastPathComponent)" }
    }
}
