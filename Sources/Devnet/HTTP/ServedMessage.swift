package import Shared

/// One request as it arrived. Header names are in lower case; of a repeated header the last one stands.
package struct ServedRequest: Sendable {
    package let method: String
    /// The path's parts, percent-decoded each for itself, so that an encoded slash stays inside its part.
    package let path: [String]
    package let query: [String: String]
    package let headers: [String: String]
    package let body: [UInt8]

    /// - Parameter target: the request target, `/path?query`. Nil for any other form and for broken percent escapes.
    package init?(method: String, target: String, headers: [String: String] = [:], body: [UInt8] = []) {
        guard target.hasPrefix("/"), !target.contains("#") else { return nil }
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var parts: [String] = []
        for part in halves[0].split(separator: "/") {
            guard let decoded = PercentCoding.decode(part) else { return nil }
            parts.append(decoded)
        }
        var query: [String: String] = [:]
        if halves.count == 2 {
            for pair in halves[1].split(separator: "&") {
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard let name = PercentCoding.decode(sides[0]) else { return nil }
                guard let value = sides.count == 2 ? PercentCoding.decode(sides[1]) : "" else { return nil }
                query[name] = value
            }
        }
        self.method = method
        self.path = parts
        self.query = query
        self.headers = headers
        self.body = body
    }
}

/// One answer. `content-length` and `connection` are added by the connection.
package struct Reply: Sendable {
    package var status: Int
    package var contentType: String
    package var body: [UInt8]
    /// Where a redirection leads, on this server.
    package var location: String?

    package init(status: Int, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    package static func json(_ value: JSONValue, status: Int = 200) -> Reply {
        Reply(status: status, contentType: "application/json", body: value.encoded())
    }

    package static func text(_ words: String, status: Int) -> Reply {
        Reply(status: status, contentType: "text/plain; charset=utf-8", body: Array(words.utf8))
    }
}

/// How an answer goes out. Everything but `reply` is a fault that a test asked for.
package enum Delivery: Sendable {
    case reply(Reply)
    case delayed(Reply, milliseconds: Int)
    /// Header at once, then one byte of the body every `millisecondsPerByte`.
    case drip(Reply, millisecondsPerByte: Int)
    /// Nothing, until the peer goes away or `milliseconds` have passed.
    case hang(milliseconds: Int)
    /// The connection is reset without an answer.
    case reset
    /// Bytes that are no HTTP.
    case garbage
}

/// `%41` and its reverse.
package enum PercentCoding {
    package static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let first = rest.popFirst(), let second = rest.popFirst(), let high = Hexadecimal.value(first),
                let low = Hexadecimal.value(second)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Keeps the unreserved characters of RFC 3986 and escapes the rest.
    package static func encode(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += "%" + Hexadecimal.encode([byte])
            }
        }
        return out
    }
}
