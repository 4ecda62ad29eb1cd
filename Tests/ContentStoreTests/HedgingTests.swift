import ContentStore
import HTTPTransport
import Testing

/// What happens in time: a clock that the test moves, and gateways that do not answer.
@Suite(.timeLimit(.minutes(1))) struct HedgingTests {
    private let file = TestFile.pattern(300_000)
    private var cid: CID { UnixFS.cidV0(of: file) }
    private let three = ["https://one.example", "https://two.example", "https://three.example"]
    private let time = ManualClock()
    private let reports = Reports()

    private func store(_ script: @escaping ScriptedClient.Script) throws -> (ContentStore, ScriptedClient) {
        let client = ScriptedClient(script)
        let store = try ContentStore(
            gateways: three, uploader: nil, client: client, clock: time.clock, report: reports.add)
        return (store, client)
    }

    @Test("after 3 silent seconds the next gateway starts, wins, and the silent one is cancelled and put back")
    func hedge() async throws {
        let (file, cid) = (file, cid)
        let (store, client) = try store { request async throws(HTTPFailure) in
            if request.url.contains("//one.") { return try await ScriptedClient.hang() }
            return HTTPResponse(status: 200, body: file)
        }
        let download = Task { try await store.download(cid, maximumBytes: 1 << 20) }
        await time.sleeper(until: .seconds(3))
        #expect(client.hosts == ["one.example"])
        time.advance(to: .seconds(3))
        #expect(try await download.value == file)
        #expect(client.hosts == ["one.example", "two.example"])
        #expect(await client.nextCancellation() == "one.example")
        #expect(reports.all.contains(GatewayReport(gateway: 0, outcome: .overtaken)))

        // One dead gateway does not cost the next job anything.
        #expect(try await store.download(cid, maximumBytes: 1 << 20) == file)
        #expect(client.hosts == ["one.example", "two.example", "two.example"])
        // Half a minute later it gets its next chance.
        time.advance(to: .seconds(33))
        let later = Task { try await store.download(cid, maximumBytes: 1 << 20) }
        await time.sleeper(until: .seconds(36))
        #expect(client.hosts.last == "one.example")
        time.advance(to: .seconds(36))
        #expect(try await later.value == file)
        // Having failed twice in a row, it now waits twice as long.
        time.advance(to: .seconds(36 + 59))
        #expect(try await store.download(cid, maximumBytes: 1 << 20) == file)
        #expect(client.hosts.last == "two.example")
    }

    @Test("a slow gateway that answers first after all still wins")
    func slowWinner() async throws {
        let (file, cid) = (file, cid)
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let (store, client) = try store { request async throws(HTTPFailure) in
            guard request.url.contains("//one.") else { return try await ScriptedClient.hang() }
            for await _ in gate { break }
            return HTTPResponse(status: 200, body: file)
        }
        let download = Task { try await store.download(cid, maximumBytes: 1 << 20) }
        await time.sleeper(until: .seconds(3))
        time.advance(to: .seconds(3))
        await time.sleeper(until: .seconds(6))
        opener.yield()
        #expect(try await download.value == file)
        #expect(await client.nextCancellation() == "two.example")
        #expect(reports.all == [GatewayReport(gateway: 0, outcome: .delivered(bytes: file.count))])
    }

    @Test("a wrong answer of the second gateway does not end the wait for the first")
    func wrongSecond() async throws {
        let (file, cid) = (file, cid)
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let (store, _) = try store { request async throws(HTTPFailure) in
            if request.url.contains("//one.") {
                for await _ in gate { break }
                return HTTPResponse(status: 200, body: file)
            }
            opener.yield()
            return HTTPResponse(status: 200, body: [0])
        }
        let download = Task { try await store.download(cid, maximumBytes: 1 << 20) }
        await time.sleeper(until: .seconds(3))
        time.advance(to: .seconds(3))
        #expect(try await download.value == file)
    }

    @Test("at the deadline a download ends, though its requests do not")
    func deadline() async throws {
        let cid = cid
        let (store, client) = try store { _ in await ScriptedClient.hangForGood() }
        let download = Task { try await store.download(cid, maximumBytes: 1 << 20, deadline: .seconds(5)) }
        await time.sleeper(until: .seconds(3))
        await time.sleeper(until: .seconds(5))
        #expect(client.requests[0].timeout == .seconds(5))
        time.advance(to: .seconds(3))
        await time.sleeper(until: .seconds(6))
        #expect(client.requests.last?.timeout == .seconds(2))
        time.advance(to: .seconds(5))
        var tally = GatewayTally()
        tally.timedOut = 2
        await #expect(throws: ContentError.timedOut(tally)) { try await download.value }
    }

    @Test("a cancelled download ends at once and takes its requests along")
    func cancellation() async throws {
        let cid = cid
        let (store, client) = try store { _ async throws(HTTPFailure) in try await ScriptedClient.hang() }
        let download = Task { try await store.download(cid, maximumBytes: 1 << 20) }
        await time.sleeper(until: .seconds(3))
        download.cancel()
        await #expect(throws: ContentError.cancelled) { try await download.value }
        #expect(await client.nextCancellation() == "one.example")
        #expect(reports.all.isEmpty)
    }

    @Test("the plain request after a refused form has only the time that is left")
    func sharedTimeout() async throws {
        let (file, cid, time) = (file, cid, time)
        let (store, client) = try store { request in
            guard !request.headers.isEmpty else { return HTTPResponse(status: 200, body: file) }
            time.advance(to: .seconds(2))
            return HTTPResponse(status: 406)
        }
        #expect(try await store.download(cid, maximumBytes: 1 << 20) == file)
        #expect(client.requests.map(\.timeout) == [.seconds(15), .seconds(13)])
    }
}
