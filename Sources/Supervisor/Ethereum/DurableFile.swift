internal import CSystem
internal import Glibc
internal import Shared

/// Why a file could not be read or written.
package enum DurableFileError: Error, Equatable {
    package enum Operation: String, Sendable { case open, create, inspect, read, write, sync, publish }

    /// The path names no file: it is empty, ends in a slash or holds a zero byte.
    case badPath
    case missing
    case exists
    /// A link, directory, device or pipe.
    case notRegular
    case tooLong(limit: Int)
    case system(Operation, errno: Int32)
}

/// A small file that is read whole, and written whole or not at all.
package struct DurableFile: Equatable, Sendable {
    package let bytes: [UInt8]
    /// The nine permission bits.
    package let permissions: UInt32

    /// Reads a regular file of at most `limit` bytes. The last part of the path may be no link.
    package static func read(path: String, limit: Int) throws(DurableFileError) -> DurableFile {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .badPath }
        // O_NONBLOCK: opening a pipe must not wait for its other end.
        let descriptor = retrying { open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT: throw .missing
            case ELOOP: throw .notRegular
            default: throw .system(.open, errno: errno)
            }
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(.inspect, errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular }
        // One byte more than the limit tells a longer file, which may also have grown since it was inspected.
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
            let some = retrying {
                bytes[count...].withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            }
            guard some >= 0 else { throw .system(.read, errno: errno) }
            if some == 0 { break }
            count += some
        }
        guard count <= limit else { throw .tooLong(limit: limit) }
        return DurableFile(bytes: Array(bytes.prefix(count)), permissions: status.st_mode & 0o777)
    }

    /// Writes the file beside its place, syncs it, and then puts it there; it has its final mode from the start.
    ///
    /// Unless `replacing`, whatever is already at the path stays and `exists` is thrown, also when it came in between.
    package static func write(
        _ bytes: [UInt8], path: String, mode: UInt32, replacing: Bool
    ) throws(DurableFileError) {
        guard !path.utf8.contains(0) else { throw .badPath }
        let split = path.lastIndex(of: "/")
        let name = split.map { String(path[path.index(after: $0)...]) } ?? path
        guard !name.isEmpty, name != ".", name != ".." else { throw .badPath }
        let folder = split.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = retrying { open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard directory >= 0 else { throw errno == ENOENT ? .missing : .system(.open, errno: errno) }
        defer { close(directory) }

        let temporary = temporaryName(for: name)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let descriptor = retrying { openat(directory, temporary, flags, mode) }
        guard descriptor >= 0 else { throw .system(.create, errno: errno) }
        do throws(DurableFileError) {
            defer { close(descriptor) }
            try write(bytes, to: descriptor)
            try publish(temporary, as: name, in: directory, replacing: replacing)
        } catch {
            unlinkat(directory, temporary, 0)
            throw error
        }
        guard retrying({ fsync(directory) }) == 0 else { throw .system(.sync, errno: errno) }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) throws(DurableFileError) {
        var written = 0
        while written < bytes.count {
            let some = retrying {
                bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            }
            guard some >= 0 else { throw .system(.write, errno: errno) }
            written += some
        }
        guard retrying({ fsync(descriptor) }) == 0 else { throw .system(.sync, errno: errno) }
    }

    private static func publish(
        _ temporary: String, as name: String, in directory: Int32, replacing: Bool
    ) throws(DurableFileError) {
        if replacing {
            guard renameat(directory, temporary, directory, name) == 0 else { throw .system(.publish, errno: errno) }
            return
        }
        // A second name is refused where there is one already; renaming would take its place.
        guard linkat(directory, temporary, directory, name, 0) == 0 else {
            throw errno == EEXIST ? .exists : .system(.publish, errno: errno)
        }
        unlinkat(directory, temporary, 0)
    }

    private static func temporaryName(for name: String) -> String {
        var random = [UInt8](repeating: 0, count: 8)
        csystem_random(&random, random.count)
        // Names end at 255 bytes.
        return ".\(String(decoding: name.utf8.prefix(128), as: UTF8.self)).\(Hexadecimal.encode(random))"
    }

    private static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            if result != -1 || errno != EINTR { return result }
        }
    }
}
