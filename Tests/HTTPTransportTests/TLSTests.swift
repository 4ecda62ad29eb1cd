import Foundation
import Testing

import HTTPTransport

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

    @Test("TLS 1.1 and a server without TLS are refused")
    func noTLS() async throws {
        let authority = try TestAuthority()
        let old = try TLSServer(authority, name: "localhost", options: ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
        let client = try CurlClient(certificateAuthorities: authority.certificate)
        await #expect(throws: HTTPFailure.tlsFailed) { try await client.send(HTTPRequest(.get, old.url("localhost"))) }
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
