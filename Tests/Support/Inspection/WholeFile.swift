internal import Glibc

/// A file's bytes, to the very end: Foundation takes the first short read for the end, and files of `/proc` come in pages.
enum WholeFile {
    /// Whether there is a file that has an end.
    static func isThere(_ path: String) -> Bool {
        var info = stat()
        return lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG
    }

    /// Nil when the file is gone, may not be read, or is none that has an end.
    static func bytes(_ path: String) -> [UInt8]? {
        // A pipe would have us wait for its writer.
        guard isThere(path) else { return nil }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }
}
