import ContentStore
import HTTPTransport
import Testing

@Suite struct DownloadTests {
    private let file = TestFile.pattern(5000)
    private var cid: CID { UnixFS.cidV0(of: file) }
    private let three = ["https://one.example", "https://two.example/", "https://three.example/ipfs"]
    private let reports = Reports()

    private func store(
        _ gateways: [String]? = nil, clock: ContentClock = .system, _ script: @escaping ScriptedClient.Script
    ) throws -> (ContentStore, ScriptedClient) {
        let client = ScriptedClient(script)
        let store = try ContentStore(
            gateways: gateways ?? three, uploader: nil, client: client, clock: clock, report: reports.add)
        return (store, client)
    }

    @Test("the first gateway is asked for an archive, with its limits, and its plain file is checked and taken")
    func first() async throws {
        let file = file
        let (store, client) = try store { _ in HTTPResponse(status: 200, body: file) }
        #expect(try await store.download(cid, maximumBytes: 5000) == file)
        let request = try #require(client.requests.first)
        #expect(client.requests.count == 1)
        #expect(request.method == .get)
        #expect(request.url == "https://one.example/ipfs/\(cid.text)?format=car")
        #expect(request.headers.map(\.name) == ["Accept"])
        #expect(request.headers.map(\.value) == ["application/vnd.ipld.car; version=1; dups=n"])
        #expect(request.timeout <= .seconds(15) && request.timeout > .seconds(14))
        #expect(request.connectTimeout == .seconds(5))
        #expect(request.maximumResponse == VerificationLimits(maximumBytes: 5000).maximumAnswerBytes)
        #expect(reports.all == [GatewayReport(gateway: 0, outcome: .delivered(bytes: 5000))])
    }

    @Test("a raw identifier is asked for as a raw block, of at most the file's size")
    func raw() async throws {
        let file = file
        let (store, client) = try store { _ in HTTPResponse(status: 200, body: file) }
        let cid = CID(of: file, form: .v1(.raw))
        #expect(try await store.download(cid, maximumBytes: 6000) == file)
        let request = try #require(client.requests.first)
        #expect(request.url == "https://one.example/ipfs/\(cid.text)?format=raw")
        #expect(request.headers.map(\.value) == ["application/vnd.ipld.raw"])
        #expect(request.maximumResponse == 6000)
    }

    @Test("an archive is taken where the content type says so")
    func archive() async throws {
        let file = TestFile.pattern(700_000)
        let (root, archive) = ArchiveBuilder.archive(of: file, layout: .v0)
        let (store, _) = try store { _ in
            HTTPResponse(
                status: 200, headers: ["content-type": "Application/vnd.ipld.car; version=1"], body: archive)
        }
        #expect(try await store.download(root, maximumBytes: 1 << 20) == file)
    }

    @Test("a gateway's address may end in /ipfs, in slashes, or in a query of its own")
    func addresses() async throws {
        let gateways = [
            "https://a.example/ipfs/", "https://b.example//", "https://c.example/x?token=1", "http://127.0.0.1:80",
        ]
        let (store, client) = try store(gateways) { _ in HTTPResponse(status: 404) }
        await #expect(throws: ContentError.self) { try await store.download(cid, maximumBytes: 1) }
        #expect(
            client.requests.map(\.url) == [
                "https://a.example/ipfs/\(cid.text)?format=car",
                "https://b.example/ipfs/\(cid.text)?format=car",
                "https://c.example/x/ipfs/\(cid.text)?token=1&format=car",
                "http://127.0.0.1:80/ipfs/\(cid.text)?format=car",
            ])
    }

    @Test(
        "an address that cannot carry a path is named by its place",
        arguments: [
            "", "one.example", "https://", "https:///ipfs", "https://one.example/#x", "https://one.example/a b",
            "https://é",
        ])
    func badAddress(address: String) {
        #expect(throws: ContentError.invalidServiceURL(index: 1)) {
            try ContentStore(
                gateways: ["https://one.example", address], uploader: nil,
                client: ScriptedClient { _ in
                    HTTPResponse(status: 200)
                })
        }
    }

    @Test(
        "a gateway that refuses the verifiable form is asked for the plain file",
        arguments: [400, 403, 406, 415, 501])
    func refusedForm(status: Int) async throws {
        let file = file
        let (store, client) = try store { request in
            request.headers.isEmpty ? HTTPResponse(status: 200, body: file) : HTTPResponse(status: status)
        }
        #expect(try await store.download(cid, maximumBytes: 5000) == file)
        #expect(client.requests.last?.url == "https://one.example/ipfs/\(cid.text)")
        #expect(client.requests.last?.maximumResponse == 5000)
    }

    @Test("wrong bytes send the download on to the next gateway at once, and are reported")
    func wrongBytes() async throws {
        let file = file
        let (store, client) = try store { request in
            HTTPResponse(status: 200, body: request.url.contains("//one.") ? Array(file.dropLast()) + [0] : file)
        }
        #expect(try await store.download(cid, maximumBytes: 5000) == file)
        #expect(client.hosts == ["one.example", "two.example"])
        #expect(
            reports.all == [
                GatewayReport(gateway: 0, outcome: .failed(.mismatch(.unrecognised))),
                GatewayReport(gateway: 1, outcome: .delivered(bytes: 5000)),
            ])
        // The liar is asked last from now on.
        #expect(try await store.download(cid, maximumBytes: 5000) == file)
        #expect(client.hosts == ["one.example", "two.example", "two.example"])
    }

    @Test("when every gateway fails, the error names the gravest failure and counts them all")
    func allFail() async throws {
        let (mixed, _) = try store { request throws(HTTPFailure) in
            if request.url.contains("//one.") { return HTTPResponse(status: 200, body: [1]) }
            if request.url.contains("//two.") { throw .connectFailed }
            return HTTPResponse(status: 404)
        }
        var tally = GatewayTally()
        (tally.mismatched, tally.unreachable, tally.notFound) = (1, 1, 1)
        await #expect(throws: ContentError.mismatch(tally)) { try await mixed.download(cid, maximumBytes: 5000) }

        let (absent, _) = try store { request in HTTPResponse(status: request.url.contains("//one.") ? 410 : 404) }
        tally = GatewayTally()
        tally.notFound = 3
        await #expect(throws: ContentError.notFound(tally)) { try await absent.download(cid, maximumBytes: 5000) }

        let (moved, _) = try store { _ in HTTPResponse(status: 301, headers: ["location": "https://x.example"]) }
        tally = GatewayTally()
        tally.refused = 3
        await #expect(throws: ContentError.refused(tally)) { try await moved.download(cid, maximumBytes: 5000) }

        let (large, _) = try store { request throws(HTTPFailure) in throw .bodyTooLarge(limit: request.maximumResponse)
        }
        tally = GatewayTally()
        tally.tooLarge = 3
        await #expect(throws: ContentError.tooLarge(tally, limit: 5000)) {
            try await large.download(cid, maximumBytes: 5000)
        }
    }

    @Test("a gateway that pours out too much does not make the failure final while another one is down")
    func garbageDoesNotHideAnOutage() async throws {
        let (store, _) = try store { request throws(HTTPFailure) in
            if request.url.contains("//one.") { throw .bodyTooLarge(limit: 1) }
            throw .timedOut
        }
        do throws(ContentError) {
            _ = try await store.download(cid, maximumBytes: 5000)
            Issue.record("nothing can have been delivered")
        } catch {
            #expect(error.isTransient)
        }
    }

    @Test("a file beyond the caller's limit is refused though its hash is right")
    func tooLarge() async throws {
        let file = file
        let (store, client) = try store(["https://one.example"]) { _ in HTTPResponse(status: 200, body: file) }
        var tally = GatewayTally()
        tally.tooLarge = 1
        await #expect(throws: ContentError.tooLarge(tally, limit: 4999)) {
            try await store.download(cid, maximumBytes: 4999)
        }
        // That is not the gateway's fault.
        #expect(try await store.download(cid, maximumBytes: 5000) == file)
        #expect(client.requests.count == 2)
        await #expect(throws: ContentError.self) { try await store.download(cid, maximumBytes: -1) }
    }

    @Test("without gateways there is nothing to ask, and without an uploader nothing can be stored")
    func nothing() async throws {
        let (store, _) = try store([]) { _ in HTTPResponse(status: 200) }
        #expect(!store.canUpload)
        await #expect(throws: ContentError.noGateways) { try await store.download(cid, maximumBytes: 1) }
        await #expect(throws: ContentError.noUploader) { try await store.upload([1]) }
    }
}
