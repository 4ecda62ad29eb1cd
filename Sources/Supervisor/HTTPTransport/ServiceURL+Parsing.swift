internal import Glibc
internal import Shared

extension ServiceURL {
    /// Throws `invalidURL` for a malformed or ambiguous address, `insecureURL` for plain `http` to another machine.
    package init(_ text: String) throws(HTTPFailure) {
        let bytes = Array(text.utf8)
        guard bytes.count <= ServiceURL.maximumLength, bytes.allSatisfy(ServiceURL.mayStand),
            ServiceURL.escapesAreWhole(bytes), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            bytes[colon...].starts(with: Array("://".utf8)),
            let scheme = Scheme(rawValue: ServiceURL.lowercase(bytes[..<colon]))
        else { throw .invalidURL }
        let rest = bytes[(colon + 3)...]
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        guard let (host, port) = ServiceURL.authority(rest[..<end]) else { throw .invalidURL }
        let question = rest[end...].firstIndex(of: UInt8(ascii: "?"))
        let path = String(decoding: rest[end..<(question ?? rest.endIndex)], as: UTF8.self)
        guard !ServiceURL.hasDotSegments(path) else { throw .invalidURL }
        guard scheme == .https || ServiceURL.isLoopback(host) else { throw .insecureURL }
        self.init(
            scheme: scheme, host: host, port: port ?? scheme.defaultPort, path: path,
            query: question.map { String(decoding: rest[($0 + 1)...], as: UTF8.self) })
    }

    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" { return true }
        if let address = address4(host) { return address[0] == 127 }
        return address6(host) == [UInt8](repeating: 0, count: 15) + [1]
    }

    /// Visible ASCII without the characters RFC 3986 knows no place for, and without `#`.
    private static func mayStand(_ byte: UInt8) -> Bool {
        byte.isVisible && !"\"#<>\\^`{|}".utf8.contains(byte)
    }

    private static func escapesAreWhole(_ bytes: [UInt8]) -> Bool {
        for index in bytes.indices where bytes[index] == UInt8(ascii: "%") {
            guard index + 2 < bytes.count, Hexadecimal.value(bytes[index + 1]) != nil,
                Hexadecimal.value(bytes[index + 2]) != nil
            else { return false }
        }
        return true
    }

    private static func lowercase(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// Host and port. An `@` is no part of a host name, so user information fails here.
    private static func authority(_ bytes: ArraySlice<UInt8>) -> (host: String, port: Int?)? {
        let host: String
        var rest: ArraySlice<UInt8>
        if bytes.first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            host = lowercase(bytes[(bytes.startIndex + 1)..<end])
            rest = bytes[(end + 1)...]
            guard address6(host) != nil else { return nil }
        } else {
            let end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
            host = lowercase(bytes[..<end])
            rest = bytes[end...]
            guard isName(host) else { return nil }
        }
        guard let colon = rest.first else { return (host, nil) }
        rest = rest.dropFirst()
        guard colon == UInt8(ascii: ":"), (1...5).contains(rest.count), rest.allSatisfy(\.isDecimalDigit),
            let port = Int(String(decoding: rest, as: UTF8.self)), (1...65535).contains(port)
        else { return nil }
        return (host, port)
    }

    /// A DNS name, or an IPv4 address of four decimal numbers. A name that ends in a number (127.1, 0x7f.1) is neither.
    private static func isName(_ host: String) -> Bool {
        let labels = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard host.utf8.count <= 253, let last = labels.last, labels.allSatisfy({ (1...63).contains($0.count) }),
            labels.allSatisfy({ $0.allSatisfy(isNameByte) })
        else { return false }
        let isNumeric = last.allSatisfy(\.isDecimalDigit) || last.starts(with: "0x".utf8)
        return !isNumeric || address4(host) != nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func hasDotSegments(_ path: String) -> Bool {
        path.split(separator: "/").contains { segment in
            let plain = lowercase(Array(segment.utf8)).replacing("%2e", with: ".")
            return plain == "." || plain == ".."
        }
    }

    private static func address4(_ host: String) -> [UInt8]? {
        var address = [UInt8](repeating: 0, count: 4)
        return inet_pton(AF_INET, host, &address) == 1 ? address : nil
    }

    private static func address6(_ host: String) -> [UInt8]? {
        var address = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET6, host, &address) == 1 ? address : nil
    }
}
