internal import Glibc

/// Serves one connection until either side ends it.
struct HTTPConnection {
    let socket: LoopbackSocket
    let handler: HTTPServer.Handler

    func run() {
        var reader = HTTPReader(socket)
        while reader.hasBufferedBytes || socket.becomesReadable(milliseconds: HTTPServer.idleLimit) {
            do {
                guard try serveOne(&reader) else { return }
            } catch HTTPReader.Failure.ended {
                return
            } catch HTTPReader.Failure.tooLarge {
                refuse(.text("too large", status: 413))
                return
            } catch HTTPReader.Failure.malformed {
                refuse(.text("malformed HTTP", status: 400))
                return
            } catch { return }
        }
    }

    /// - Returns: whether the connection stays open.
    private func serveOne(_ reader: inout HTTPReader) throws -> Bool {
        let (first, headers) = try reader.head()
        let words = first.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0" else {
            throw HTTPReader.Failure.malformed
        }
        let body = try reader.body(headers, limit: HTTPServer.maximumBody) { () throws(SocketError) in
            guard headers["expect"]?.lowercased() == "100-continue" else { return }
            try socket.write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        }
        guard
            let request = ServedRequest(
                method: String(words[0]), target: String(words[1]), headers: headers, body: body)
        else { throw HTTPReader.Failure.malformed }
        let wish = headers["connection"]?.lowercased()
        let keepAlive = words[2] == "HTTP/1.1" ? wish != "close" : wish == "keep-alive"
        return try deliver(handler(request), keepAlive: keepAlive) && keepAlive
    }

    private func deliver(_ delivery: Delivery, keepAlive: Bool) throws -> Bool {
        switch delivery {
        case .reply(let reply):
            try send(reply, keepAlive: keepAlive)
            return true
        case .delayed(let reply, let milliseconds):
            socket.waitForHangUp(milliseconds: milliseconds)
            try send(reply, keepAlive: keepAlive)
            return true
        case .drip(let reply, let pause):
            try socket.write(head(reply, keepAlive: false))
            for byte in reply.body {
                try socket.write([byte])
                socket.waitForHangUp(milliseconds: pause)
            }
            return false
        case .hang(let milliseconds):
            socket.waitForHangUp(milliseconds: milliseconds)
            return false
        case .reset:
            socket.resetOnClose()
            return false
        case .garbage:
            try socket.write([0xFF, 0x00, 0xFE, 0x16, 0x03, 0x01, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x0D, 0x0A])
            return false
        }
    }

    private func send(_ reply: Reply, keepAlive: Bool) throws {
        let head = head(reply, keepAlive: keepAlive)
        // One segment for small answers; a large body is sent from where it lies.
        if reply.body.count <= 16 << 10 {
            try socket.write(head + reply.body)
        } else {
            try socket.write(head)
            try socket.write(reply.body)
        }
    }

    private func head(_ reply: Reply, keepAlive: Bool) -> [UInt8] {
        var lines = [
            "HTTP/1.1 \(reply.status) \(reply.status < 400 ? "OK" : "Refused")",
            "content-type: \(reply.contentType)",
            "content-length: \(reply.body.count)",
            "connection: \(keepAlive ? "keep-alive" : "close")",
        ]
        if let location = reply.location { lines.append("location: \(location)") }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// Answers and lets the peer finish sending: closing with unread bytes would reset the answer away.
    private func refuse(_ reply: Reply) {
        guard (try? send(reply, keepAlive: false)) != nil else { return }
        var sink = [UInt8](repeating: 0, count: 64 << 10)
        var drained = 0
        while drained < HTTPServer.maximumBody,
            let count = sink.withUnsafeMutableBytes({ try? socket.read(into: $0) }), count > 0
        { drained += count }
    }
}
