internal import Glibc

/// A file to its very end: Foundation takes the first short read for the end, and files of `/proc` come in pages.
enum WholeFile {
    /// Whether there is a file, or a disk, that has an end.
    static func isThere(_ path: String) -> Bool {
        var info = stat()
        return lstat(path, &info) == 0 && [S_IFREG, S_IFBLK].contains(info.st_mode & S_IFMT)
    }

    /// Nil when the file is gone, may not be read, or is none that has an end.
    static func bytes(_ path: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        return read(path) { bytes += $0 } ? bytes : nil
    }

    /// The same, piece by piece; false for nil.
    static func read(_ path: String, _ take: (ArraySlice<UInt8>) -> Void) -> Bool {
        // A pipe would have us wait for its writer.
        guard isThere(path) else { return false }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { return false }
            if count == 0 { return true }
            take(chunk[..<count])
        }
    }
}
