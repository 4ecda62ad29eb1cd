import Foundation
import Shared
import TestNetwork
import Testing

@Suite("A model server behind TLS", .crowd)
struct ModelTLSTests {
    /// A certificate authority, and `openssl s_server` as localhost; the test types the answers.
    private struct SecureServer {
        let authority: String
        let process: ChildProcess
        let port: Int

        init(in network: TestNetwork) async throws {
            let folder = network.directory.appending(path: "tls")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            authority = folder.appending(path: "ca.pem").path
            func openssl(_ arguments: String) throws -> ChildProcess {
                try ChildProcess(
                    URL(filePath: "/usr/bin/openssl"), arguments.split(separator: " ").map(String.init),
                    directory: folder,
                    output: folder.appending(path: UUID().uuidString))
            }
            let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            try Data("subjectAltName=DNS:localhost\n".utf8).write(to: folder.appending(path: "extensions"))
            for command in [
                "req -x509 \(key) -days 2 -subj /CN=Authority -keyout ca.key -out ca.pem",
                "req \(key) -subj /CN=localhost -keyout server.key -out server.csr",
                "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out server.pem",
            ] {
                let made = try openssl(command)
                try #require(try await made.end() == 0, "\(made.text)")
            }
            process = try openssl("s_server -accept 127.0.0.1:0 -cert server.pem -key server.key")
            let line = try await process.line(within: 10) { $0.hasPrefix("ACCEPT 127.0.0.1:") }
            port = try #require(Int(line.drop { $0 != ":" }.dropFirst()))
        }

        func settings(trusting file: String) -> [String: String] {
            [
                "BLF_OPENAI_BASE_URL": "https://localhost:\(port)/v1", "BLF_OPENAI_MODEL_IDS": "toy",
                "SSL_CERT_FILE": file,
            ]
        }
    }

    @Test("a certificate of an unknown authority is refused, and the prompt never leaves the worker")
    func unknownAuthority() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let server = try await SecureServer(in: network)
        let node = try await network.makeNode("leader")
        let running = try await node.start(server.settings(trusting: "/etc/ssl/certs/ca-certificates.crt"))
        let id = try Ask(network, model: "toy", prompt: "A secret question").submit(to: node)
        #expect(try await running.failure(of: id) == "model_certificate_refused")
        #expect(!server.process.text.contains("A secret question"))
        #expect(try await network.serves(node))
    }

    @Test("with the right authority a job goes through, with the operator's API key")
    func rightAuthority() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let server = try await SecureServer(in: network)
        let node = try await network.makeNode("leader")
        let key = node.folder.appending(path: "api-key").path
        _ = FileManager.default.createFile(
            atPath: key, contents: Data("sk-over-tls".utf8), attributes: [.posixPermissions: 0o600])
        let running = try await node.start(
            server.settings(trusting: server.authority).merging(["BLF_OPENAI_API_KEY_FILE": key]) { $1 })
        let id = try Ask(network, model: "toy", prompt: "A secret question").submit(to: node)
        try await server.process.line(within: 20) { $0.contains("\"stream\":false}") }
        #expect(server.process.text.contains("Authorization: Bearer sk-over-tls"))
        #expect(server.process.text.contains("A secret question"))
        let body = ModelServer.body("Because.")
        try server.process.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        try await running.event("result_sent", job: id)
        #expect(try network.job(id)["status"]?.text == "ACCEPTED")
        #expect(try await network.violations().count == 0)
    }
}
