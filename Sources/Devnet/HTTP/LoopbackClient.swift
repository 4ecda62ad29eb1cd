package import Shared

/// The user's side: plain HTTP to a loopback address, one connection a request.
package struct LoopbackClient: Sendable {
    package enum Failure: Error, Equatable {
        case notALoopbackURL
        case socket(SocketError)
        case malformedAnswer
        case status(Int, detail: String?)
    }

    static let maximumAnswer = 64 << 20
    private let host: String
    private let port: UInt16
    private let ioTimeout: Int

    /// - Parameter url: `http://127.x.y.z:port`, nothing behind the port but an optional slash.
    package init(url: String, ioTimeout: Int = 30) throws(Failure) {
        guard url.hasPrefix("http://") else { throw .notALoopbackURL }
        var rest = url.dropFirst("http://".count)
        if rest.last == "/" { rest = rest.dropLast() }
        let halves = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count == 2, halves[0].hasPrefix("127."), let port = UInt16(halves[1]) else {
            throw .notALoopbackURL
        }
        host = String(halves[0])
        self.port = port
        self.ioTimeout = ioTimeout
    }

    /// Sends a request and returns whatever comes back, refusals too.
    package func send(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) throws(Failure) -> Reply {
        var head = "\(method) \(path) HTTP/1.1\r\nhost: \(host):\(port)\r\nconnection: close\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty || method == "POST" { head += "content-length: \(body.count)\r\n" }
        do {
            let socket = try LoopbackSocket.connected(host: host, port: port, ioTimeout: ioTimeout)
            try socket.write(Array((head + "\r\n").utf8))
            try socket.write(body)
            var reader = HTTPReader(socket)
            let (first, headers) = try reader.head()
            let words = first.split(separator: " ")
            guard words.count >= 2, let status = Int(words[1]) else { throw Failure.malformedAnswer }
            let answer = try reader.body(headers, limit: LoopbackClient.maximumAnswer, untilClosed: true)
            return Reply(status: status, contentType: headers["content-type"] ?? "", body: answer)
        } catch let error as SocketError {
            throw .socket(error)
        } catch HTTPReader.Failure.socket(let error) {
            throw .socket(error)
        } catch { throw .malformedAnswer }
    }

    /// Sends JSON (or nothing) and reads JSON; any status but 2xx is thrown with its `detail`.
    package func json(_ method: String, _ path: String, _ body: JSONValue? = nil) throws(Failure) -> JSONValue {
        let headers = body == nil ? [] : [("content-type", "application/json")]
        return try LoopbackClient.decode(try send(method, path, headers: headers, body: body?.encoded() ?? []))
    }

    static func decode(_ reply: Reply) throws(Failure) -> JSONValue {
        let value = try? JSONValue(parsing: reply.body, limit: maximumAnswer)
        guard (200..<300).contains(reply.status) else { throw .status(reply.status, detail: value?["detail"]?.text) }
        guard let value else { throw .malformedAnswer }
        return value
    }
}

extension LoopbackClient {
    /// Sends bytes as they are, finishes sending, and returns all that comes back.
    package func exchange(raw: [UInt8]) throws(SocketError) -> [UInt8] {
        let socket = try LoopbackSocket.connected(host: host, port: port, ioTimeout: ioTimeout)
        try socket.write(raw)
        socket.finishSending()
        var answer: [UInt8] = []
        while answer.count < LoopbackClient.maximumAnswer {
            var failure: SocketError?
            let chunk = [UInt8](unsafeUninitializedCapacity: 16 << 10) { memory, filled in
                do throws(SocketError) { filled = try socket.read(into: UnsafeMutableRawBufferPointer(memory)) } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            if chunk.isEmpty { break }
            answer += chunk
        }
        return answer
    }
}
