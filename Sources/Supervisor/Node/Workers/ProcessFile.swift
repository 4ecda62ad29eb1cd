internal import Glibc

/// A file of `/proc`, read to its end: the kernel hands such files out in pieces.
enum ProcessFile {
    /// Empty where the file is gone or may not be read.
    static func read(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        var filled = 0
        while true {
            if filled == bytes.count { bytes += [UInt8](repeating: 0, count: bytes.count) }
            let some = bytes[filled...].withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if some < 0, errno == EINTR { continue }
            guard some > 0 else { return Array(bytes.prefix(filled)) }
            filled += some
        }
    }

    static func lines(_ path: String) -> [ArraySlice<UInt8>] { read(path).split(separator: UInt8(ascii: "\n")) }

    /// Which file it is: two names of one file give the same number.
    static func inode(_ path: String) -> UInt64? {
        var info = stat()
        return stat(path, &info) == 0 ? UInt64(info.st_ino) : nil
    }

    /// Where each descriptor of a process leads, in their order; nil where this user may not look.
    static func descriptors(of pid: pid_t) -> [String]? {
        guard let folder = opendir("/proc/\(pid)/fd") else { return nil }
        defer { closedir(folder) }
        var found: [(Int, String)] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let number = Int(name) else { continue }
            var target = [CChar](repeating: 0, count: 256)
            let length = readlink("/proc/\(pid)/fd/\(name)", &target, target.count)
            guard length >= 0 else { return nil }
            found.append((number, String(decoding: target.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)))
        }
        return found.sorted { $0.0 < $1.0 }.map { "\($0.0) \($0.1)" }
    }
}
