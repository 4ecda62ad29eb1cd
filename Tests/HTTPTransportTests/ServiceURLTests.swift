import Testing

import HTTPTransport

@Suite("The address of a service")
struct ServiceURLTests {
    @Test("is taken apart, and put together again as it was checked")
    func parts() throws {
        let url = try ServiceURL("HTTPS://Arb-Sepolia.Example:8443/v2/Key%20x?apikey=1&b=%2f")
        #expect(url.scheme == .https)
        #expect(url.host == "arb-sepolia.example")
        #expect(url.port == 8443)
        #expect(url.path == "/v2/Key%20x")
        #expect(url.query == "apikey=1&b=%2f")
        #expect(url.text == "https://arb-sepolia.example:8443/v2/Key%20x?apikey=1&b=%2f")
        #expect(!url.isLoopback)
        #expect(try ServiceURL("https://a.example").text == "https://a.example/")
        #expect(try ServiceURL("https://a.example:443") == ServiceURL("https://A.example"))
    }

    @Test("shows no path and no query where it is printed, for both hold API keys")
    func description() throws {
        let url = try ServiceURL("https://rpc.example/v2/SECRETKEY?token=SECRETKEY")
        #expect("\(url)" == "https://rpc.example")
    }

    @Test(
        "may be plain http on this machine only",
        arguments: [
            "http://127.0.0.1", "http://127.255.3.4:8000/", "http://localhost:1", "http://LOCALHOST",
            "http://[::1]:8545/x",
            "http://[0:0:0:0:0:0:0:1]",
        ])
    func loopback(text: String) throws {
        #expect(try ServiceURL(text).isLoopback)
    }

    @Test(
        "is insecure over plain http to any other host",
        arguments: [
            "http://example.com", "http://128.0.0.1", "http://10.0.0.1", "http://localhost.example",
            "http://127.0.0.1.example",
            "http://[::2]", "http://[::ffff:127.0.0.1]", "http://0.0.0.0",
        ])
    func insecure(text: String) {
        #expect(throws: HTTPFailure.insecureURL) { try ServiceURL(text) }
    }

    @Test(
        "is refused where two readers could see different hosts or paths",
        arguments: [
            "", "https://", "https:///x", "ftp://a.example", "file:///etc/passwd", "https:a.example", "//a.example",
            "a.example",
            "https://user@a.example", "https://user:pass@a.example", "http://127.0.0.1@evil.example",
            "https://a.example#x", "https://a.example/#@127.0.0.1", "https://a.example\\@b.example",
            "https://a.example/a b",
            "https://a.example/\r\nX: y", "https://a.example/\t", "https://a.example/\u{0}", "https://ä.example",
            "https://a..example", "https://.a.example", "https://a.example.", "https://127.1", "https://0x7f.1",
            "https://2130706433", "https://0177.0.0.1", "https://127.0.0.1.", "https://[::1", "https://[::1]x",
            "https://[fe80::1%25lo]", "https://[127.0.0.1]", "https://a.example:", "https://a.example:0",
            "https://a.example:65536", "https://a.example:+80", "https://a.example:1:2", "https://a.example:8a",
            "https://a.example/%", "https://a.example/%2", "https://a.example/%zz", "https://a.example/../x",
            "https://a.example/x/%2E%2e/y", "https://a.example/.", "https://a%2eexample",
            "https://a.example/" + String(repeating: "x", count: 4096),
        ])
    func refused(text: String) {
        #expect(throws: HTTPFailure.invalidURL) { try ServiceURL(text) }
    }

    @Test("grows by whole segments, whatever is in them, and keeps its query last")
    func appending() throws {
        let base = try ServiceURL("https://icl.example/base//?key=1")
        let longer = try base.appending("internal", "jobs", "a/b?c#d%e é\r\n", "status")
        #expect(longer.text == "https://icl.example/base/internal/jobs/a%2Fb%3Fc%23d%25e%20%C3%A9%0D%0A/status?key=1")
        #expect(try ServiceURL(longer.text) == longer)
        for segment in ["", ".", ".."] {
            #expect(throws: HTTPFailure.invalidURL) { try base.appending("jobs", segment) }
        }
        #expect(throws: HTTPFailure.invalidURL) { try base.appending(String(repeating: "%", count: 2000)) }
    }
}
