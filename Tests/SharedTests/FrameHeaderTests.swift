import Shared
import Testing

@Suite("Frames")
struct FrameHeaderTests {
    private let limits = JobLimits(prompt: 1000)

    private func parse(_ text: String) throws(ChannelError) -> FrameHeader {
        try FrameHeader(parsing: Array(text.utf8), limits: limits)
    }

    @Test("a frame's head is read back as it was written", arguments: MessageKind.allCases)
    func roundTrip(_ kind: MessageKind) throws {
        let header = FrameHeader(kind, bodyLength: kind.maximumBody(limits), fields: [.init("id", "x")])
        let bytes = header.encoded()
        let length = try FrameHeader.length(Array(bytes[..<4]))
        #expect(length == bytes.count - 4)
        #expect(try FrameHeader(parsing: Array(bytes[4...]), limits: limits) == header)
    }

    @Test("a hostile length is refused before any byte is kept", arguments: MessageKind.allCases)
    func hostileLength(_ kind: MessageKind) {
        #expect(throws: ChannelError.bodyTooLarge) {
            try parse(#"{"kind":"\#(kind.rawValue)","body":\#(kind.maximumBody(limits) + 1)}"#)
        }
    }

    @Test("header lengths outside their bounds are refused")
    func headerLengths() throws {
        #expect(try FrameHeader.length([0, 1, 0, 0]) == FrameHeader.maximumLength)
        #expect(throws: ChannelError.headerTooLarge) { try FrameHeader.length([0, 1, 0, 1]) }
        #expect(throws: ChannelError.headerTooLarge) { try FrameHeader.length([255, 255, 255, 255]) }
        #expect(throws: ChannelError.malformedHeader) { try FrameHeader.length([0, 0, 0, 1]) }
    }

    @Test(
        "a malformed header is refused",
        arguments: [
            "", "[]", "{}", "null", #"{"kind":"done"}"#, #"{"body":0}"#, #"{"kind":1,"body":0}"#,
            #"{"kind":"done","body":-1}"#,
            #"{"kind":"done","body":0.0}"#, #"{"kind":"done","body":"0"}"#,
            #"{"kind":"done","body":99999999999999999999}"#,
            #"{"kind":"done","kind":"done","body":0}"#, #"{"kind":"done","body":0}x"#,
        ])
    func malformed(_ text: String) {
        #expect(throws: ChannelError.malformedHeader) { try parse(text) }
    }

    @Test("an unknown kind is refused")
    func unknown() {
        #expect(throws: ChannelError.unknownKind) { try parse(#"{"kind":"shell","body":0}"#) }
    }

    @Test("an order is read back as it was written")
    func orders() throws {
        let model = Endpoint(name: .model, host: "::1", port: 8080, path: "/v1/chat/completions", usesTLS: false)
        let encryption = EncryptionService(
            endpoint: Endpoint(name: .encryption, host: "a.example", port: 443, path: "/", usesTLS: true),
            account: "0x" + String(repeating: "a", count: 40), timeout: 5)
        let orders = [
            JobOrder(role: .verifier, modelID: "mock", seal: .hkdf, backend: .mock, encryption: nil),
            JobOrder(
                role: .leader, modelID: "groq:x", seal: .hkdf,
                backend: .chat(ChatOrder(dialect: .groq, model: "x", endpoint: model, maximumTokens: 9, timeout: 60)),
                encryption: .service(encryption)),
            JobOrder(
                role: .leader, modelID: "mock",
                seal: .box(BoxSeal(chainID: 421_614, signer: [UInt8](repeating: 7, count: 20))), backend: .mock,
                encryption: .helper(timeout: 9)),
            JobOrder(
                role: .verifier, modelID: "mock", seal: .box(BoxSeal(chainID: 1, signer: nil)), backend: .mock,
                encryption: nil),
        ]
        for order in orders {
            let header = FrameHeader(.start, fields: order.fields)
            #expect(try JobOrder(header.fields) == order)
        }
    }

    @Test("a leader without a way to encrypt its key, and a verifier with one, are refused")
    func inconsistentOrder() {
        #expect(throws: JSONError.self) {
            try JobOrder(["role": "leader", "model": "m", "seal": "hkdf", "backend": "mock"])
        }
    }
}
