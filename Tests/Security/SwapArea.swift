import CProbes
import Foundation
import Glibc
import Inspection
import TestNetwork
import Testing

/// Swap of its own, preferred to any other of the machine: whatever is paged out while it is on lies in its file, until
/// that is removed with this.
final class SwapArea {
    let file: String
    private let size: Int
    private var isOn = true

    /// Where swap may lie: not every file system takes it.
    private static let folders = [TestNetwork.root.appending(path: ".build").path, "/var/tmp"]

    struct Refused: Error { let next: String }

    init(megabytes: Int) throws {
        let compresses = FileManager.default.contents(atPath: "/sys/module/zswap/parameters/enabled")?.first
        guard compresses != UInt8(ascii: "Y") else {
            throw Refused(next: "echo N > /sys/module/zswap/parameters/enabled: what is compressed cannot be looked at")
        }
        let taken = SwapArea.folders.lazy.map { "\($0)/swap-\(UUID().uuidString)" }.first { file in
            // Written, not reserved: what was only reserved reads as zeros, whatever lies there.
            let isWritten = (try? Data(count: megabytes << 20).write(to: URL(filePath: file))) != nil
            chmod(file, 0o600)
            if isWritten, SwapArea.run("mkswap", file), SwapArea.run("swapon", "--priority", "32767", file) {
                return true
            }
            unlink(file)
            return false
        }
        guard let taken else { throw Refused(next: "Clone to a file system that takes swap, such as ext4.") }
        (file, size) = (taken, megabytes << 10)
    }

    deinit {
        try? turnOff()
        if !isOn { unlink(file) }
    }

    /// Has the kernel page out of these processes whatever it may.
    func pageOut(_ processes: [ProcessView]) throws {
        var paged = 0
        for process in processes {
            // More than once: what was in use a moment ago is left alone at first.
            for region in (0..<3).flatMap({ _ in process.regions }) {
                let refusal = cprobes_page_out(process.pid, region.range.lowerBound, region.range.count)
                if region.isLocked { #expect(refusal == EINVAL, "\(process.name): its arena was paged out") }
            }
            let kilobytes = try #require(process.status["VmSwap"]?.split(separator: " ").first.flatMap { Int($0) })
            #expect(kilobytes > 0, "\(process.name) can be paged out")
            paged += kilobytes
        }
        // NAME TYPE SIZE USED PRIORITY
        let table = try String(contentsOfFile: "/proc/swaps", encoding: .utf8)
        let row = table.split(separator: "\n").first { $0.hasPrefix(file) }?.split(whereSeparator: \.isWhitespace) ?? []
        let used = try #require(row.count == 5 ? Int(row[3]) : nil)
        #expect(used < size / 2, "there is room for all of it")
        #expect(
            used < paged + 1024, "nobody else's: a machine short of memory pages out the tests, which know all secrets")
    }

    /// Brings all of it back into memory. The file keeps what was written.
    func turnOff() throws {
        guard isOn else { return }
        try #require(SwapArea.run("swapoff", file))
        isOn = false
        // The kernel wrote past the file's cached pages.
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        close(descriptor)
    }

    private static func run(_ program: String, _ arguments: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/sbin/\(program)")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

extension Security {
    /// What lies in swap when the kernel has paged out of these processes whatever it may. Not for an ordinary user, who
    /// may add no swap.
    static func lookAtSwap(
        of processes: [ProcessView], _ moment: String, _ canaries: [ScanOrder.Canary], shows: [String],
        megabytes: Int = 128
    ) throws {
        guard geteuid() == 0 else { return }
        let area = try SwapArea(megabytes: megabytes)
        try area.pageOut(processes)
        try area.turnOff()
        Place.swap.check(
            try scan(ScanOrder(canaries, paths: [area.file])).place(area.file), moment, secrets: canaries.secrets,
            shows: shows)
    }
}
