import Foundation
import Glibc
import TestNetwork
import Testing

/// A model's server behind TLS: `openssl s_server`, whose output is what came and whose input is the answer.
final class TLSModelEnd {
    static let host = "model.test"
    let folder: URL
    private let process = Process()
    private let input = Pipe()
    private let log: URL
    private let port: UInt16

    var certificate: String { folder.appending(path: "cert").path }

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "blindference-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        log = folder.appending(path: "log")
        let key = folder.appending(path: "key").path
        let certificate = folder.appending(path: "cert").path
        let made = try ChildProcess(
            URL(filePath: "/usr/bin/openssl"),
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=model.test", "-addext", "subjectAltName=DNS:\(TLSModelEnd.host)", "-keyout", key, "-out",
                certificate,
            ], output: folder.appending(path: "req"))
        try #require(await made.end() == 0, "\(made.text)")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = ["s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-cert", certificate, "-key", key]
        process.standardInput = input
        let output = try FileHandle(forWritingTo: log)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        var found: UInt16?
        let log = log
        try await Security.wait(for: "s_server listens") {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix("ACCEPT 127.0.0.1:") }
            found = line?.split(separator: ":").last.flatMap { UInt16($0) }
            return found != nil
        }
        port = try #require(found)
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(at: folder)
    }

    /// A connection as a supervisor makes it for its worker.
    func connect() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        return descriptor
    }

    /// What came, once it contains `end`; `hungUp` where the worker ends before it has asked.
    func request(until end: String, from worker: RawWorker? = nil) throws -> String {
        for _ in 0..<1000 {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            if text.contains(end) { return text }
            if worker?.end(within: 0.01) != nil { throw RawWorker.Failure.hungUp }
            usleep(10_000)
        }
        throw ChildProcess.Failure.timedOut("s_server", output: (try? String(contentsOf: log, encoding: .utf8)) ?? "")
    }

    /// In two records.
    ///
    /// - Parameter moment: what happens between them.
    func answer(_ text: String, between moment: () throws -> Void = {}) throws {
        let body = #"{"choices":[{"message":{"role":"assistant","content":"\#(text)"}}]}"#
        // s_server takes a line that starts with one of its letters for a command: the second record starts with none.
        let reply = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body.dropLast())"
        try input.fileHandleForWriting.write(contentsOf: Data(reply.utf8))
        try moment()
        try input.fileHandleForWriting.write(contentsOf: Data("}".utf8))
    }
}
