/// What a server does with a request: any mixture of sending, dripping, waiting and hanging up.
package struct Reply: Sendable {
    enum Step: Sendable {
        case send([UInt8])
        /// One byte at a time, with a pause after each.
        case drip([UInt8], pause: Duration)
        /// Says nothing until the client hangs up or the server stops.
        case hang(ended: @Sendable () -> Void)
        case close
        /// Closes with a TCP reset.
        case reset
    }

    var steps: [Step]

    /// A well-formed answer with a Content-Length; the connection stays open.
    package static func answer(
        _ status: Int = 200, headers: [(String, String)] = [], body: [UInt8] = []
    ) -> Reply {
        let lines = headers.map { "\($0.0): \($0.1)\r\n" }.joined()
        let head = "HTTP/1.1 \(status) Scripted\r\n\(lines)Content-Length: \(body.count)\r\n\r\n"
        return Reply(steps: [.send(Array(head.utf8) + body)])
    }

    package static func json(_ text: String, status: Int = 200, headers: [(String, String)] = []) -> Reply {
        answer(status, headers: headers + [("Content-Type", "application/json")], body: Array(text.utf8))
    }

    /// A chunked answer, with trailers behind its last chunk.
    package static func chunked(_ chunks: [[UInt8]], trailers: [(String, String)] = []) -> Reply {
        var text = Array("HTTP/1.1 200 Scripted\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        for chunk in chunks {
            text += Array((String(chunk.count, radix: 16) + "\r\n").utf8) + chunk + Array("\r\n".utf8)
        }
        text += Array(("0\r\n" + trailers.map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n").utf8)
        return Reply(steps: [.send(text)])
    }

    /// Exactly these bytes; the connection stays open.
    package static func raw(_ bytes: [UInt8]) -> Reply { Reply(steps: [.send(bytes)]) }
    package static func raw(_ text: String) -> Reply { raw(Array(text.utf8)) }
    package static func drip(_ text: String, pause: Duration) -> Reply {
        Reply(steps: [.drip(Array(text.utf8), pause: pause)])
    }
    /// Silence. `ended` is called when the client has hung up (or the server stops).
    package static func hang(ended: @escaping @Sendable () -> Void = {}) -> Reply {
        Reply(steps: [.hang(ended: ended)])
    }
    package static var close: Reply { Reply(steps: [.close]) }
    package static var reset: Reply { Reply(steps: [.reset]) }

    /// One after the other, such as half an answer and then a reset.
    package func then(_ next: Reply) -> Reply { Reply(steps: steps + next.steps) }
}
