import Shared
import Testing

@testable import Worker

@Suite("The worker's HTTP")
struct HTTPHeadTests {
    private func parse(_ text: String) throws(ExchangeError) -> HTTPHead {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBufferPointer { buffer throws(ExchangeError) in
            try HTTPHead(parsing: UnsafeRawBufferPointer(buffer))
        }
    }

    @Test("framing is found in either form")
    func framing() throws {
        #expect(try parse("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n").framing == .length(12))
        #expect(try parse("HTTP/1.1 200\r\ntransfer-encoding:\tChunked \r\n\r\n").framing == .chunked)
        #expect(try parse("HTTP/1.0 500 No\r\n\r\n").framing == .untilClose)
        #expect(try parse("HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n").framing == .none)
        #expect(try parse("HTTP/1.1 100 Continue\r\n\r\n").status == 100)
    }

    @Test(
        "what two readers could understand differently is refused",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n", "HTTP/1.1 200 OK\r\n Folded: 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
            "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 999 OK\r\n\r\n", "ICY 200 OK\r\n\r\n", "\r\n",
            "",
        ])
    func ambiguous(_ text: String) {
        #expect(throws: ExchangeError.malformed) { try parse(text) }
    }

    private func decode(_ text: String, piece: Int, room: Int = 4096) throws -> String {
        var decoder = ChunkedDecoder()
        var body = try SecretBytes(capacity: room)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            try Array(bytes[start..<min(start + piece, bytes.count)]).withUnsafeBytes {
                try decoder.decode($0, into: &body)
            }
        }
        return decoder.isComplete ? body.withBytes { String(decoding: $0, as: UTF8.self) } : "incomplete"
    }

    @Test("chunks are joined however they are cut")
    func chunks() throws {
        let text = "4;name=value\r\nWiki\r\n5\r\npedia\r\nE\r\n in\r\n\r\nchunks.\r\n0\r\nTrailer: x\r\n\r\n"
        for piece in 1...text.utf8.count {
            #expect(try decode(text, piece: piece) == "Wikipedia in\r\n\r\nchunks.")
        }
    }

    @Test("bad chunks are refused", arguments: ["x\r\n", "\r\n", "fffffffff\r\n", "1\r\nab\r\n", "0\r\n\r\nmore"])
    func badChunks(_ text: String) {
        #expect(throws: ExchangeError.malformed) { try decode(text, piece: 1) }
    }

    @Test("a chunk larger than the room is refused")
    func tooLarge() {
        #expect(throws: ExchangeError.tooLarge) {
            try decode("11\r\n" + String(repeating: "a", count: 17), piece: 64, room: 16)
        }
        #expect(throws: ExchangeError.tooLarge) {
            try decode("0\r\n" + String(repeating: "Header: value\r\n", count: 2000), piece: 512)
        }
    }
}
