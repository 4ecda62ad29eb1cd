import DevnetCore
import Shared
import Testing

@Suite struct FaultTests {
    private func withServer(_ fault: JSONValue, _ body: (LoopbackClient, Devnet) throws -> Void) throws {
        let devnet = Devnet()
        let server = try devnet.serve()
        defer { server.stop() }
        let client = try LoopbackClient(url: server.url, ioTimeout: 1)
        _ = try client.json("POST", "/dev/fault", fault)
        try body(client, devnet)
    }

    private func status(_ client: LoopbackClient, _ path: String, _ body: JSONValue? = nil) throws -> Int {
        try client.send(body == nil ? "GET" : "POST", path, body: body?.encoded() ?? []).status
    }

    @Test func `a status is answered as often as it was asked for`() throws {
        try withServer(["path": "/health", "action": "status", "status": 503, "count": 2]) { client, _ throws in
            #expect(try status(client, "/health") == 503)
            #expect(try status(client, "/health") == 503)
            #expect(try status(client, "/health") == 200)
        }
    }

    @Test func `close resets the connection, garbage is no HTTP, hang never answers`() throws {
        try withServer(["path": "/health", "action": "close"]) { client, _ throws in
            #expect(throws: LoopbackClient.Failure.socket(.closed)) { try client.send("GET", "/health") }
        }
        try withServer(["path": "/health", "action": "garbage"]) { client, _ throws in
            #expect(throws: LoopbackClient.Failure.malformedAnswer) { try client.send("GET", "/health") }
        }
        try withServer(["path": "/health", "action": "hang"]) { client, _ throws in
            #expect(throws: LoopbackClient.Failure.socket(.timedOut)) { try client.send("GET", "/health") }
        }
    }

    @Test func `wrong bytes change one bit of the content`() throws {
        try withServer(["path": "/ipfs", "action": "wrong_bytes"]) { client, devnet throws in
            let cid = try #require(devnet.shelf.add([1, 2, 3])).text
            #expect(try client.download(cid) == [1, 3, 3])
            #expect(try client.download(cid) == [1, 2, 3])
        }
    }

    @Test func `a fault can come after the call took effect`() throws {
        try withServer(["path": "/api", "action": "status", "status": 500, "after": true]) { client, devnet throws in
            #expect(throws: LoopbackClient.Failure.self) { try client.upload([9]) }
            #expect(devnet.shelf.size.files == 1)
        }
    }

    @Test func `a fault can wait for one method of a body`() throws {
        try withServer(["path": "/cofhe", "action": "status", "contains": "cofhe_encrypt"]) { client, _ throws in
            let other: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": "x", "params": []]
            #expect(try status(client, "/cofhe", other) == 200)
            let encrypt: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": "cofhe_encrypt", "params": []]
            #expect(try status(client, "/cofhe", encrypt) == 503)
        }
    }
}
