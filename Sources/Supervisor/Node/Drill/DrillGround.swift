package import Drill
internal import Foundation
internal import Glibc

/// What an attack is aimed at, made anew for each: a folder, sockets, a segment. Afterwards it shows whether anything
/// came out of the worker.
package final class DrillGround {
    private let folder: URL
    private let udp: Int32
    private let tcp: Int32
    private let abstract: Int32
    private let segment: Int32
    private let values: [DrillPlace: String]

    private static let prize = Data("the prize".utf8)

    /// Throws the errno of what could not be made.
    package init(prey: Int32) throws(WorkerError) {
        folder = URL(filePath: "/tmp/blindference-drill-\(UUID().uuidString)")
        // The masks of this process must not be what protects the folder.
        let path = folder.path
        let prizeFile = folder.appending(path: "prize").path
        guard mkdir(path, 0o777) == 0, chmod(path, 0o777) == 0,
            FileManager.default.createFile(atPath: prizeFile, contents: DrillGround.prize), chmod(prizeFile, 0o666) == 0
        else { throw .notStarted(errno: errno) }
        let name = DrillGround.unixAddress([0] + Array(folder.lastPathComponent.utf8))
        let file = DrillGround.unixAddress(Array(folder.appending(path: "loot").path.utf8) + [0])
        udp = DrillGround.bound(AF_INET, Int32(SOCK_DGRAM.rawValue), DrillGround.loopback)
        tcp = DrillGround.bound(AF_INET, Int32(SOCK_STREAM.rawValue), DrillGround.loopback)
        abstract = DrillGround.bound(AF_UNIX, Int32(SOCK_STREAM.rawValue), name)
        let key = Int32.random(in: 1 ... .max)
        segment = shmget(key, 4096, 0o666 | 0o1000 /* IPC_CREAT */)
        guard udp >= 0, tcp >= 0, abstract >= 0, segment >= 0 else { throw .notStarted(errno: errno) }
        values = [
            .folder: path, .prey: String(prey), .udp: DrillGround.address(of: udp), .tcp: DrillGround.address(of: tcp),
            .abstract: DrillGround.digits(name), .abstractLength: String(name.count),
            .socketFile: DrillGround.digits(file), .socketFileLength: String(file.count), .segment: String(key),
        ]
    }

    deinit {
        for socket in [udp, tcp, abstract] where socket >= 0 { close(socket) }
        if segment >= 0 { shmctl(segment, 0 /* IPC_RMID */, nil) }
        try? FileManager.default.removeItem(at: folder)
    }

    /// The script with its places filled in.
    package func script(_ attack: DrillAttack, isWide: Bool) -> String {
        values.reduce((isWide ? "wide; " : "") + attack.script) { text, place in
            text.replacingOccurrences(of: place.key.placeholder, with: place.value)
        }
    }

    /// Nothing was made, changed or sent.
    package var isUntouched: Bool {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let prize = try? Data(contentsOf: folder.appending(path: "prize"))
        var waiting = [udp, tcp, abstract].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        return files == ["prize"] && prize == DrillGround.prize && poll(&waiting, 3, 0) == 0
    }

    // MARK: - Sockets

    private static let loopback: [UInt8] = [2, 0, 0, 0, 127, 0, 0, 1] + [UInt8](repeating: 0, count: 8)

    private static func unixAddress(_ path: [UInt8]) -> [UInt8] { [1, 0] + path }

    /// A socket at this address, listening where it can; -1 for none.
    private static func bound(_ family: Int32, _ type: Int32, _ address: [UInt8]) -> Int32 {
        let descriptor = socket(family, type | Int32(SOCK_CLOEXEC.rawValue), 0)
        let isBound = address.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return false }
            return bind(descriptor, base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) == 0
        }
        if isBound, type != Int32(SOCK_STREAM.rawValue) || listen(descriptor, 4) == 0 { return descriptor }
        if descriptor >= 0 { close(descriptor) }
        return -1
    }

    private static func address(of descriptor: Int32) -> String {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
            return digits(Array(UnsafeRawBufferPointer(start: pointer, count: MemoryLayout<sockaddr_in>.size)))
        }
    }

    private static func digits(_ bytes: [UInt8]) -> String {
        bytes.map { String(format: "%02x", $0) }.joined()
    }
}
