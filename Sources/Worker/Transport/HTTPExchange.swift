internal import Shared

/// One HTTP/1.1 request and its answer over a `Connection`. Both bodies may be secret and stay in secret memory.
struct HTTPExchange: ~Copyable {
    private let connection: Connection
    private let endpoint: Endpoint

    static let maximumHead = 64 << 10

    init(_ connection: consuming Connection, endpoint: Endpoint) {
        self.connection = connection
        self.endpoint = endpoint
    }

    /// A header whose value is a credential.
    struct Credential: ~Copyable {
        let name: StaticString
        let prefix: StaticString
        let value: SecretBytes
    }

    /// The answer's status and body.
    struct Response: ~Copyable {
        let status: Int
        let body: SecretBytes
    }

    /// Posts JSON that is made of public text around one secret, which is escaped on the way.
    func post(
        before: String, text: borrowing SecretBytes, after: String, credential: borrowing Credential?, limit: Int
    ) throws(ExchangeError) -> Response {
        let length = before.utf8.count + JSONEscaping.length(of: text) + after.utf8.count
        do {
            try connection.write(head(length: length, credential: credential))
            var chunk = try SecretBytes(capacity: 16 << 10)
            try chunk.append(public: before.utf8)
            var index = 0
            while index < text.count {
                while index < text.count, chunk.capacity - chunk.count >= 6 {
                    try chunk.append(jsonEscaped: text.withBytes { $0[index] })
                    index += 1
                }
                try connection.write(chunk)
                chunk.wipe()
            }
            try chunk.append(public: after.utf8)
            try connection.write(chunk)
        } catch let error as ExchangeError { throw error } catch { throw .memory }
        return try readResponse(limit: limit)
    }

    private func head(length: Int, credential: borrowing Credential?) throws -> SecretBytes {
        var head = try SecretBytes(capacity: JobLimits.host + JobLimits.target + JobLimits.credential + (1 << 10))
        let named = endpoint.host.utf8.contains(UInt8(ascii: ":")) ? "[\(endpoint.host)]" : endpoint.host
        let port = endpoint.port == (endpoint.usesTLS ? 443 : 80) ? "" : ":\(endpoint.port)"
        try head.append(
            public: """
                POST \(endpoint.path) HTTP/1.1\r\nHost: \(named)\(port)\r\nContent-Type: application/json\r\n\
                Accept: application/json\r\nAccept-Encoding: identity\r\nUser-Agent: blindference-node\r\n\
                Content-Length: \(length)\r\n
                """.utf8)
        switch credential {
        case .some(let credential):
            try head.append(credential.name)
            try head.append(": ")
            try head.append(credential.prefix)
            try head.append(credential.value)
            try head.append("\r\n")
        case .none: break
        }
        try head.append("\r\n")
        return head
    }

    private func readResponse(limit: Int) throws(ExchangeError) -> Response {
        do {
            var head = try SecretBytes(capacity: HTTPExchange.maximumHead)
            while true {
                let end = try readHead(&head)
                let parsed = try head.withBytes { try HTTPHead(parsing: UnsafeRawBufferPointer(rebasing: $0[..<end])) }
                head.removeFirst(end)
                // 1xx is followed by the real head.
                if parsed.status >= 200 {
                    return Response(status: parsed.status, body: try readBody(parsed, &head, limit))
                }
            }
        } catch let error as ExchangeError { throw error } catch { throw .memory }
    }

    /// Reads until the empty line; answers the length of the head, including that line.
    private func readHead(_ head: inout SecretBytes) throws -> Int {
        var searched = 0
        while true {
            let found = head.withBytes { bytes -> Int? in
                var index = max(0, searched - 3)
                while index + 4 <= bytes.count {
                    if bytes[index] == 13, bytes[index + 1] == 10, bytes[index + 2] == 13, bytes[index + 3] == 10 {
                        return index + 4
                    }
                    index += 1
                }
                return nil
            }
            if let found { return found }
            searched = head.count
            guard head.count < head.capacity else { throw ExchangeError.tooLarge }
            guard try connection.read(appendingTo: &head) > 0 else { throw ExchangeError.closedEarly }
        }
    }

    private func readBody(_ head: HTTPHead, _ rest: inout SecretBytes, _ limit: Int) throws -> SecretBytes {
        switch head.framing {
        case .none: return try SecretBytes(capacity: 1)
        case .length(let length):
            guard length <= limit else { throw ExchangeError.tooLarge }
            guard rest.count <= length else { throw ExchangeError.malformed }
            var body = try SecretBytes(capacity: max(length, 1))
            try body.append(rest)
            while body.count < length {
                guard try connection.read(appendingTo: &body, atMost: length - body.count) > 0 else {
                    throw ExchangeError.closedEarly
                }
            }
            return body
        case .chunked:
            var body = try SecretBytes(capacity: limit)
            var decoder = ChunkedDecoder()
            while true {
                try rest.withBytes { try decoder.decode($0, into: &body) }
                if decoder.isComplete { return body }
                rest.wipe()
                guard try connection.read(appendingTo: &rest) > 0 else { throw ExchangeError.closedEarly }
            }
        case .untilClose:
            var body = try SecretBytes(capacity: limit)
            guard rest.count <= limit else { throw ExchangeError.tooLarge }
            try body.append(rest)
            while true {
                if body.count == body.capacity { throw ExchangeError.tooLarge }
                if try connection.read(appendingTo: &body) == 0 { return body }
            }
        }
    }
}

extension Connection {
    func write(_ secret: borrowing SecretBytes) throws(ExchangeError) {
        try secret.withBytes { bytes throws(ExchangeError) in try write(bytes) }
    }

    /// Reads once, to the end of `secret`; the number of bytes read, 0 at the peer's end.
    func read(appendingTo secret: inout SecretBytes, atMost limit: Int = .max) throws(ExchangeError) -> Int {
        try secret.append(atMost: limit) { room throws(ExchangeError) in try read(into: room) }
    }
}
