internal import Glibc

/// One accepted connection on its own thread.
struct Connection {
    let socket: Int32
    let number: Int
    private var buffer: [UInt8] = []

    init(socket: Int32, number: Int) {
        self.socket = socket
        self.number = number
    }

    /// The next request; nil when the peer has hung up or speaks something else.
    mutating func readRequest() -> Request? {
        var searched = 0
        var end: Int?
        while end == nil {
            end = headEnd(from: max(0, searched - 3))
            searched = buffer.count
            if end == nil, buffer.count > 1 << 20 || !fill() { return nil }
            // What a plain server says to a TLS handshake.
            guard let first = buffer.first, (0x41...0x5A).contains(first) else {
                _ = send(Array("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".utf8))
                return nil
            }
        }
        guard let end else { return nil }
        let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
        buffer.removeFirst(end + 4)
        let first = (lines.first ?? "").split(separator: " ")
        guard first.count == 3 else { return nil }
        let headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? parts[1].drop { $0 == " " } : ""
            return (name: String(parts[0]), value: String(value))
        }
        let length = headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        while buffer.count < length { guard fill() else { return nil } }
        let body = Array(buffer.prefix(length))
        buffer.removeFirst(length)
        return Request(
            method: String(first[0]), target: String(first[1]), headers: headers, body: body, connection: number)
    }

    /// Does what the script says. False when the connection is over.
    func play(_ reply: Reply) -> Bool {
        for step in reply.steps {
            switch step {
            case .send(let bytes): guard send(bytes) else { return false }
            case .drip(let bytes, let pause):
                for byte in bytes { guard send([byte]), !isOver(within: pause) else { return false } }
            case .hang(let ended):
                var scratch = [UInt8](repeating: 0, count: 4096)
                while recv(socket, &scratch, scratch.count, 0) > 0 {}
                ended()
                return false
            case .close: return false
            case .reset:
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
                return false
            }
        }
        return true
    }

    private func headEnd(from start: Int) -> Int? {
        guard buffer.count >= start + 4 else { return nil }
        return (start...(buffer.count - 4)).first { buffer[$0...].starts(with: [13, 10, 13, 10]) }
    }

    private mutating func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(socket, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        buffer += chunk[..<count]
        return true
    }

    private func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let some = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard some > 0 else { return false }
            sent += some
        }
        return true
    }

    /// Waits as long as the script says, and sees a client that hangs up meanwhile.
    private func isOver(within pause: Duration) -> Bool {
        var state = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        let parts = pause.components
        let milliseconds = Int32(parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000)
        guard poll(&state, 1, milliseconds) > 0 else { return false }
        var byte: UInt8 = 0
        return recv(socket, &byte, 1, Int32(MSG_PEEK)) <= 0
    }
}
