internal import Glibc

extension ProcessView {
    /// One mapping, as `smaps` describes it.
    package struct Region: Sendable {
        package let range: Range<UInt>
        package let permissions: String
        package let name: String
        /// In KiB, by the names of `smaps`: `Rss`, `Swap`, `Locked` and others.
        package fileprivate(set) var sizes: [String: Int] = [:]
        /// The kernel's two-letter flags: `lo` locked, `dd` never dumped, `dc` not inherited.
        package fileprivate(set) var flags: Set<String> = []
        package var isReadable: Bool { permissions.hasPrefix("r") }
        package var isLocked: Bool { flags.contains("lo") }
    }

    package var regions: [Region] {
        var regions: [Region] = []
        for line in text("smaps").split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            let ends = words.first?.split(separator: "-").compactMap { UInt($0, radix: 16) } ?? []
            if words.count >= 5, ends.count == 2, ends[0] < ends[1] {
                regions.append(
                    Region(
                        range: ends[0]..<ends[1], permissions: String(words[1]),
                        name: words.count == 6 ? words[5].trimmingPrefix { $0 == " " }.description : ""))
            } else if let last = regions.indices.last, let key = words.first?.dropLast() {
                if key == "VmFlags" {
                    regions[last].flags = Set(line.split(separator: " ").dropFirst().map(String.init))
                } else {
                    regions[last].sizes[String(key)] = words.count > 1 ? Int(words[1]) : nil
                }
            }
        }
        return regions
    }

    /// Bytes of its memory; empty where they may not be read.
    package func memory(_ range: Range<UInt>) -> [UInt8] {
        let descriptor = open(path("mem"), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: range.count)
        let count = pread(descriptor, &bytes, bytes.count, Int(bitPattern: range.lowerBound))
        return Array(bytes.prefix(max(count, 0)))
    }
}
