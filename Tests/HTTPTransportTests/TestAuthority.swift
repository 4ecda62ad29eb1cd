import Foundation

/// A certificate authority of its own, made by the `openssl` command in a temporary folder.
final class TestAuthority: Sendable {
    let folder: String
    var certificate: String { folder + "/ca.pem" }

    init() throws {
        folder = "/tmp/blindference-ca-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try ChildProcess.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=Test authority", "-keyout", folder + "/ca.key", "-out", certificate)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// A key and a certificate for `name`, in the files NAME.key and NAME.pem.
    func issue(_ name: String) throws {
        let file = folder + "/" + name
        try Data("subjectAltName=DNS:\(name)\n".utf8).write(to: URL(fileURLWithPath: file + ".ext"))
        try ChildProcess.run(
            "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)",
            "-keyout", file + ".key", "-out", file + ".csr")
        try ChildProcess.run(
            "openssl", "x509", "-req", "-in", file + ".csr", "-CA", certificate, "-CAkey", folder + "/ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", file + ".ext", "-out", file + ".pem")
    }
}

/// `openssl s_server` with a status page, on a port the kernel chooses.
final class TLSServer: Sendable {
    private let process: ChildProcess
    let port: Int

    init(_ authority: TestAuthority, name: String, options: [String] = []) throws {
        try authority.issue(name)
        let file = authority.folder + "/" + name
        process = try ChildProcess(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", file + ".pem", "-key", file + ".key"]
                + options)
        // It says so once it listens.
        let line = try process.readLine(starting: "ACCEPT 127.0.0.1:")
        guard let port = Int(line.drop { $0 != ":" }.dropFirst()) else { throw ChildProcess.Failed(status: -1) }
        self.port = port
    }

    deinit { process.terminate() }

    func url(_ host: String) -> String { "https://\(host):\(port)/" }
}
