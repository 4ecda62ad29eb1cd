/// The checked address of a service: `https`, or `http` on this machine only.
///
/// Refused, because a second reader could understand them differently: user information, fragments, white space and
/// control characters, characters beyond ASCII, dot segments, short or octal forms of an IPv4 address.
/// `description` is the origin alone, because paths and queries of RPC and gateway URLs carry API keys.
package struct ServiceURL: Sendable, Hashable, CustomStringConvertible {
    package enum Scheme: String, Sendable {
        case http, https

        var defaultPort: Int { self == .http ? 80 : 443 }
    }

    package static let maximumLength = 4096

    package let scheme: Scheme
    /// In lower case; an IPv6 address stands without its brackets.
    package let host: String
    /// The port of the scheme where the text names none.
    package let port: Int
    /// Empty, or `/` and what follows it, percent-encoded as it was given.
    package let path: String
    /// What follows the question mark.
    package let query: String?

    /// Whether the host is 127.0.0.0/8, ::1 or the name `localhost`.
    package var isLoopback: Bool { ServiceURL.isLoopback(host) }

    /// Scheme, host and port: safe to log.
    package var origin: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(scheme.rawValue)://\(name)" + (port == scheme.defaultPort ? "" : ":\(port)")
    }

    package var description: String { origin }

    /// Path and query as they stand in a request line; the query may hold an API key.
    package var target: String { (path.isEmpty ? "/" : path) + (query.map { "?" + $0 } ?? "") }

    /// The whole address, which may hold an API key.
    package var text: String { origin + target }

    /// A peer's words without the parts of path and query that stand in them, as they are or decoded: some peers repeat
    /// the API key that they do not like. Shorter parts are names such as `v2`.
    package func concealing(_ words: String) -> String {
        target.split { "/?&=".contains($0) }.flatMap { [String($0), ServiceURL.decoded($0)] }
            .filter { $0.utf8.count >= 8 }.reduce(words) { $0.replacing($1, with: "…") }
    }

    private static func decoded(_ part: Substring) -> String {
        String(part).replacing(/%([0-9A-Fa-f]{2})/) { digits in
            UInt8(digits.1, radix: 16).map { String(UnicodeScalar($0)) } ?? ""
        }
    }

    init(scheme: Scheme, host: String, port: Int, path: String, query: String?) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path
        self.query = query
    }

    /// The address with more path segments in front of its query. Each segment is percent-encoded whole, so that an
    /// opaque id with a slash or a question mark in it stays one segment. An empty segment, `.` and `..` are refused.
    package func appending(_ segments: String...) throws(HTTPFailure) -> ServiceURL { try appending(segments) }

    package func appending(_ segments: [String]) throws(HTTPFailure) -> ServiceURL {
        var longer = path
        while longer.utf8.last == UInt8(ascii: "/") { longer.removeLast() }
        for segment in segments {
            guard !segment.isEmpty, segment != ".", segment != ".." else { throw .invalidURL }
            longer += "/" + ServiceURL.percentEncoded(segment)
        }
        let appended = ServiceURL(scheme: scheme, host: host, port: port, path: longer, query: query)
        guard appended.text.utf8.count <= ServiceURL.maximumLength else { throw .invalidURL }
        return appended
    }

    /// Everything but the unreserved characters of RFC 3986 becomes %XX.
    package static func percentEncoded(_ text: String) -> String {
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            default:
                encoded.append(UInt8(ascii: "%"))
                for nibble in [byte >> 4, byte & 15] {
                    encoded.append(nibble < 10 ? 0x30 + nibble : 0x41 + nibble - 10)
                }
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
