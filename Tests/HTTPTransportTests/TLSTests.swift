import Foundation
import Testing

import HTTPTransport
import LoopbackServer

@Suite("The HTTP client over TLS", .timeLimit(.minutes(1)))
struct TLSTests {
    @Test("a server is trusted through the given authority, and kept for the next request")
    func trusted() async throws {
        let authority = try TestAuthority()
        let server = try TLSServer(authority, name: "localhost")
        let client = try CurlClient(certificateAuthorities: authority.certificate)
        for _ in 0..<2 { #expect(try await client.send(HTTPRequest(.get, server.url("localhost"))).status == 200) }
    }

    @Test("the same server is refused without it")
    func untrusted() async throws {
        let authority = try TestAuthority()
        let server = try TLSServer(authority, name: "localhost")
        let client = try CurlClient()
        await #expect(throws: HTTPFailure.certificateRefused) {
            try await client.send(HTTPRequest(.get, server.url("localhost")))
        }
    }

    @Test("a good certificate for another name is refused")
    func wrongName() async throws {
        let authority = try TestAuthority()
        let server = try TLSServer(authority, name: "other.example")
        let client = try CurlClient(certificateAuthorities: authority.certificate)
        for host in ["localhost", "127.0.0.1"] {
            await #expect(throws: HTTPFailure.certificateRefused) {
                try await client.send(HTTPRequest(.get, server.url(host)))
            }
        }
    }

    @Test("a server that speaks no TLS is refused")
    func noTLS() async throws {
        let server = try LoopbackServer { _ in .answer() }
        let client = try CurlClient()
        await #expect(throws: HTTPFailure.tlsFailed) {
            try await client.send(HTTPRequest(.get, "https://127.0.0.1:\(server.port)/"))
        }
    }

    /// OpenSSL's own defaults would refuse it, too, and hide ours: a loose configuration takes them away.
    @Test("TLS 1.1 is refused even where the system would take it")
    func oldTLS() async throws {
        let authority = try TestAuthority()
        let server = try TLSServer(authority, name: "localhost", options: ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
        let loose = authority.folder + "/loose.cnf"
        try Data(
            """
            openssl_conf = start
            [start]
            ssl_conf = tls
            [tls]
            system_default = loose
            [loose]
            MinProtocol = TLSv1
            CipherString = ALL:@SECLEVEL=0

            """.utf8
        ).write(to: URL(fileURLWithPath: loose))
        let (file, url) = (authority.certificate, server.url("localhost"))
        await #expect(processExitsWith: .success) {
            [file = file as String, url = url as String, loose = loose as String] in
            setenv("OPENSSL_CONF", loose, 1)
            let client = try CurlClient(certificateAuthorities: file)
            await #expect(throws: HTTPFailure.tlsFailed) { try await client.send(HTTPRequest(.get, url)) }
        }
    }

    @Test("SSL_CERT_FILE names the authorities, as it does for OpenSSL")
    func environment() async throws {
        let authority = try TestAuthority()
        let server = try TLSServer(authority, name: "localhost")
        let (file, url) = (authority.certificate, server.url("localhost"))
        await #expect(processExitsWith: .success) { [file = file as String, url = url as String] in
            setenv("SSL_CERT_FILE", file, 1)
            let response = try await CurlClient().send(HTTPRequest(.get, url))
            #expect(response.status == 200)
        }
    }

    @Test("an authority file that is not there trusts nobody")
    func missingFile() async throws {
        let authority = try TestAuthority()
        let server = try TLSServer(authority, name: "localhost")
        let client = try CurlClient(certificateAuthorities: authority.certificate + ".gone")
        await #expect(throws: HTTPFailure.transport(code: 77)) {
            try await client.send(HTTPRequest(.get, server.url("localhost")))
        }
    }
}
