/// Reads HTTP/1.1 messages from a socket. Every length is checked against its limit before a byte is kept.
struct HTTPReader {
    enum Failure: Error {
        case ended, malformed, tooLarge
        case socket(SocketError)
    }

    static let maximumHead = 16 << 10
    private let socket: LoopbackSocket
    private var buffer: [UInt8] = []
    private var start = 0

    init(_ socket: LoopbackSocket) { self.socket = socket }

    var hasBufferedBytes: Bool { start < buffer.count }

    /// The first line and the header lines, up to the empty line. `ended` if the peer closed before the first byte.
    mutating func head() throws(Failure) -> (first: String, headers: [String: String]) {
        var size = 0
        var lines: [String] = []
        while true {
            let line = try line(first: lines.isEmpty)
            size += line.utf8.count + 2
            guard size <= HTTPReader.maximumHead else { throw .tooLarge }
            if line.isEmpty {
                if lines.isEmpty { continue }
                break
            }
            lines.append(line)
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else { throw .malformed }
            let name = line[..<colon]
            guard !name.contains(where: { $0 == " " || $0 == "\t" }) else { throw .malformed }
            let value = line[line.index(after: colon)...]
            headers[name.lowercased()] = String(value.trimmingBlanks())
        }
        return (lines[0], headers)
    }

    /// The body that the headers announce. `proceed` is called before the first byte is read, for `Expect`.
    mutating func body(
        _ headers: [String: String], limit: Int, untilClosed: Bool = false, proceed: () throws(SocketError) -> Void = {}
    ) throws(Failure) -> [UInt8] {
        let length = headers["content-length"]
        if let coding = headers["transfer-encoding"] {
            guard coding.lowercased() == "chunked", length == nil else { throw .malformed }
            try wrap(proceed)
            return try chunkedBody(limit: limit)
        }
        guard let length else {
            guard untilClosed else { return [] }
            return try remainder(limit: limit)
        }
        guard length.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let count = Int(length) else { throw .malformed }
        guard count <= limit else { throw .tooLarge }
        if count > 0 { try wrap(proceed) }
        var body: [UInt8] = []
        try append(count, to: &body)
        return body
    }

    private mutating func chunkedBody(limit: Int) throws(Failure) -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let digits = try line().prefix { $0 != ";" }
            guard !digits.isEmpty, digits.utf8.count <= 8, let count = Int(digits, radix: 16), count >= 0 else {
                throw .malformed
            }
            if count == 0 { break }
            guard count <= limit - body.count else { throw .tooLarge }
            try append(count, to: &body)
            guard try line().isEmpty else { throw .malformed }
        }
        var trailers = 0
        while try !line().isEmpty {
            trailers += 1
            guard trailers < 32 else { throw .tooLarge }
        }
        return body
    }

    private mutating func remainder(limit: Int) throws(Failure) -> [UInt8] {
        while try fill() > 0 {
            guard buffer.count - start <= limit else { throw .tooLarge }
        }
        defer { (buffer, start) = ([], 0) }
        return Array(buffer[start...])
    }

    private mutating func line(first: Bool = false) throws(Failure) -> String {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                var bytes = buffer[start..<end]
                start = end + 1
                if bytes.last == 0x0D { bytes = bytes.dropLast() }
                guard let line = String(validating: bytes, as: UTF8.self) else { throw .malformed }
                return line
            }
            searched = buffer.count
            guard buffer.count - start <= HTTPReader.maximumHead else { throw .tooLarge }
            let before = start
            if try fill() == 0 { throw first && !hasBufferedBytes ? .ended : .malformed }
            searched -= before - start
        }
    }

    /// Moves `count` bytes to the end of `body`: first what was read ahead, the rest straight from the socket.
    private mutating func append(_ count: Int, to body: inout [UInt8]) throws(Failure) {
        let ahead = min(count, buffer.count - start)
        let missing = count - ahead
        var failure: Failure?
        let part = [UInt8](unsafeUninitializedCapacity: count) { memory, filled in
            for index in 0..<ahead { memory[index] = buffer[start + index] }
            filled = ahead
            do throws(SocketError) {
                while filled < count {
                    let free = UnsafeMutableBufferPointer(rebasing: memory[filled..<count])
                    let got = try socket.read(into: UnsafeMutableRawBufferPointer(free))
                    guard got > 0 else { break }
                    filled += got
                }
            } catch { failure = .socket(error) }
        }
        start += ahead
        if let failure { throw failure }
        guard part.count == ahead + missing else { throw .malformed }
        if body.isEmpty { body = part } else { body += part }
    }

    private mutating func fill() throws(Failure) -> Int {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        var failure: SocketError?
        let chunk = [UInt8](unsafeUninitializedCapacity: 16 << 10) { memory, filled in
            do throws(SocketError) { filled = try socket.read(into: UnsafeMutableRawBufferPointer(memory)) } catch {
                failure = error
            }
        }
        if let failure { throw .socket(failure) }
        buffer += chunk
        return chunk.count
    }

    private func wrap(_ work: () throws(SocketError) -> Void) throws(Failure) {
        do throws(SocketError) { try work() } catch { throw .socket(error) }
    }
}

extension Substring {
    fileprivate func trimmingBlanks() -> Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
