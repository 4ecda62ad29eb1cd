import ContentStore
import HTTPTransport
import Shared
import Testing

@Suite struct UploadTests {
    private let bytes = TestFile.pattern(5000)
    private let time = JumpingClock()

    private func token() throws -> SharedSecret {
        var secret = try SecretBytes(capacity: 8)
        try secret.append(public: Array("jwt".utf8))
        return SharedSecret(secret)
    }

    private func pinata(
        _ script: @escaping ScriptedClient.Script
    ) throws -> (ContentStore, ScriptedClient) {
        let client = ScriptedClient(script)
        let uploader = PinataUploader(token: try token(), client: client, clock: time.clock)
        return (try ContentStore(gateways: [], uploader: uploader, client: client), client)
    }

    private static func answer(_ json: JSONValue) -> HTTPResponse { HTTPResponse(status: 200, body: json.encoded()) }

    @Test("Pinata gets one form with the file, and the token outside every header")
    func request() async throws {
        let cid = UnixFS.cidV0(of: bytes)
        let (store, client) = try pinata { _ in Self.answer(["IpfsHash": .string(cid.text), "PinSize": 5011]) }
        #expect(store.canUpload)
        #expect(try await store.upload(bytes).text == cid.text)
        let request = try #require(client.requests.first)
        #expect(request.method == .post)
        #expect(request.url == "https://api.pinata.cloud/pinning/pinFileToIPFS")
        #expect(request.timeout == .seconds(30))
        #expect(request.bearerToken != nil)
        #expect(!request.headers.contains { $0.name.lowercased() == "authorization" })
        let type = try #require(request.headers.first { $0.name == "Content-Type" }?.value)
        let mark = "multipart/form-data; boundary="
        try #require(type.hasPrefix(mark))
        let boundary = type.dropFirst(mark.count)
        let head =
            "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"blindference-output.bin\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n"
        #expect(request.body == Array(head.utf8) + bytes + Array("\r\n--\(boundary)--\r\n".utf8))
    }

    @Test("the identifier comes back as the service spelt it, in either version and answer")
    func answers() async throws {
        let version1 = UnixFS.cid(of: bytes, layout: .v1).text
        let base16 = "f" + Hexadecimal.encode(UnixFS.cid(of: bytes, layout: .v1).bytes)
        for text in [version1, base16, UnixFS.cidV0(of: bytes).text] {
            let (older, _) = try pinata { _ in Self.answer(["IpfsHash": .string(text)]) }
            #expect(try await older.upload(bytes).text == text)
            let (newer, _) = try pinata { _ in Self.answer(["data": ["id": "1", "cid": .string(text)]]) }
            #expect(try await newer.upload(bytes).text == text)
        }
    }

    @Test("a service that names other content is refused, in every form, and not asked again")
    func lies() async throws {
        let other = Array(bytes.dropLast()) + [0]
        for cid in [
            UnixFS.cidV0(of: other), UnixFS.cid(of: other, layout: .v1), CID(of: bytes, form: .v1(.dagPB)),
            UnixFS.cid(of: bytes, layout: UnixFS.Layout(version: .zero, leaves: .wrapped, chunkBytes: 1000)),
        ] {
            let (store, client) = try pinata { _ in Self.answer(["IpfsHash": .string(cid.text)]) }
            await #expect(throws: ContentError.uploadMismatch) { try await store.upload(bytes) }
            #expect(client.requests.count == 1)
        }
    }

    @Test(
        "an answer without a usable identifier is an error",
        arguments: [
            (
                #"{"IpfsHash":"Qm4f2ab0c4f2ab0c4f2ab0c4f2ab0c4f2ab0c4f2ab0c4f"}"#,
                ContentError.uploadIdentifierUnsupported(.badCharacter(offset: 7))
            ),
            (#"{"IpfsHash":""}"#, .uploadIdentifierUnsupported(.empty)),
            (#"{"IpfsHash":null}"#, .uploadAnswerMalformed),
            (#"{"data":"Qm"}"#, .uploadAnswerMalformed),
            (#"{}"#, .uploadAnswerMalformed),
            (#"[]"#, .uploadAnswerMalformed),
            (#"<html>"#, .uploadAnswerMalformed),
            (#""#, .uploadAnswerMalformed),
        ])
    func malformedAnswers(answer: String, reason: ContentError) async throws {
        let (store, _) = try pinata { _ in HTTPResponse(status: 200, body: Array(answer.utf8)) }
        await #expect(throws: reason) { try await store.upload(bytes) }
    }

    @Test("outages and overload are tried again with growing waits, up to three times")
    func retries() async throws {
        let text = UnixFS.cidV0(of: bytes).text
        let script = Replies([.failure(.connectFailed), .success(503), .success(200)])
        let (store, client) = try pinata { _ throws(HTTPFailure) in try script.next(["IpfsHash": .string(text)]) }
        #expect(try await store.upload(bytes).text == text)
        #expect(client.requests.count == 3)
        #expect(time.sleeps == [.milliseconds(500), .seconds(1)])

        let down = Replies(Array(repeating: .success(500), count: 9))
        let (failing, asked) = try pinata { _ throws(HTTPFailure) in try down.next([:]) }
        await #expect(throws: ContentError.uploadRefused(status: 500)) { try await failing.upload(bytes) }
        #expect(asked.requests.count == 3)
    }

    @Test("a service may ask for a longer wait, within bounds")
    func retryAfter() async throws {
        for (asked, waited) in [("3", Duration.seconds(3)), ("9999999", .seconds(8)), ("-5", .milliseconds(500))] {
            let time = JumpingClock()
            let client = ScriptedClient { _ in HTTPResponse(status: 429, headers: ["retry-after": asked]) }
            let uploader = PinataUploader(token: try token(), client: client, clock: time.clock)
            await #expect(throws: ContentError.uploadRefused(status: 429)) { try await uploader.upload(bytes) }
            #expect(time.sleeps.first == waited)
        }
    }

    @Test("a refusal that will not pass is final", arguments: [301, 400, 401, 403, 404, 413])
    func refusals(status: Int) async throws {
        let (store, client) = try pinata { _ in HTTPResponse(status: status) }
        await #expect(throws: ContentError.uploadRefused(status: status)) { try await store.upload(bytes) }
        #expect(client.requests.count == 1)
    }

    @Test(
        "failures of the node's own making are not tried again",
        arguments: [
            HTTPFailure.insecureURL, .invalidURL, .certificateRefused, .bodyTooLarge(limit: 1),
        ])
    func finalFailures(failure: HTTPFailure) async throws {
        let (store, client) = try pinata { _ throws(HTTPFailure) in throw failure }
        await #expect(throws: ContentError.uploadFailed(failure)) { try await store.upload(bytes) }
        #expect(client.requests.count == 1)
        let (cancelled, _) = try pinata { _ throws(HTTPFailure) in throw .cancelled }
        await #expect(throws: ContentError.cancelled) { try await cancelled.upload(bytes) }
    }

    @Test("all attempts end within the deadline")
    func deadline() async throws {
        let time = time
        let (store, client) = try pinata { request throws(HTTPFailure) in
            time.advance(by: request.timeout)
            throw .timedOut
        }
        await #expect(throws: ContentError.uploadFailed(.timedOut)) { try await store.upload(bytes) }
        #expect(client.requests.map(\.timeout) == [.seconds(30), .seconds(30), .milliseconds(13_500)])
    }

    @Test(
        "kubo is told how to cut the file, whatever its configuration",
        arguments: [
            "http://127.0.0.1:5001", "http://127.0.0.1:5001/", "http://127.0.0.1:5001/api/v0",
            "http://127.0.0.1:5001/api/v0/", "http://127.0.0.1:5001/api/v0/add",
        ])
    func kubo(rpc: String) async throws {
        let cid = UnixFS.cidV0(of: bytes)
        let line = #"{"Name":"blindference-output.bin","Hash":"\#(cid.text)","Size":"5011"}"# + "\n"
        let client = ScriptedClient { _ in HTTPResponse(status: 200, body: Array(line.utf8)) }
        let uploader = KuboUploader(rpc: rpc, client: client, clock: time.clock)
        #expect(try await uploader.upload(bytes) == cid)
        #expect(
            client.requests.map(\.url) == [
                "http://127.0.0.1:5001/api/v0/add?cid-version=0&raw-leaves=false&chunker=size-262144"
                    + "&pin=true&progress=false"
            ])
        #expect(client.requests[0].bearerToken == nil)
    }

    @Test("kubo's answer must be one line about these bytes")
    func kuboLies() async throws {
        let cid = UnixFS.cid(of: bytes, layout: .v1)
        let line = #"{"Name":"x","Hash":"\#(cid.text)"}"# + "\n"
        for (answer, reason) in [
            (line + line, ContentError.uploadAnswerMalformed), ("", .uploadAnswerMalformed),
            (#"{"Hash":"\#(UnixFS.cidV0(of: [1]).text)"}"#, .uploadMismatch),
        ] {
            let client = ScriptedClient { _ in HTTPResponse(status: 200, body: Array(answer.utf8)) }
            let uploader = KuboUploader(rpc: "http://127.0.0.1:5001", layout: .v1, client: client, clock: time.clock)
            await #expect(throws: reason) { try await uploader.upload(bytes) }
            #expect(client.requests[0].url.contains("cid-version=1&raw-leaves=true&"))
        }
    }

    @Test("a kubo RPC is told from a pinning service by its path")
    func isKubo() {
        for url in ["http://127.0.0.1:5001/api/v0", "https://x.example/api/v0/add", "http://[::1]:1/api/v0?a=b"] {
            #expect(KuboUploader.isKuboRPC(url))
        }
        for url in [
            PinataUploader.defaultURL, "https://api/v0", "https://x.example/api/v01", "https://x.example/x/api/v0",
            "https://x.example/?/api/v0", "", "/api/v0",
        ] {
            #expect(!KuboUploader.isKuboRPC(url))
        }
    }
}
