import CoFHE
import Foundation
import HTTPTransport
import Shared
import Synchronization
import Testing

@Suite("The network's keys")
struct NetworkKeysTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "blindference-\(UUID().uuidString)")
    private let pins = MemoryPins()
    private let network = FakeKeys()

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    /// A new process.
    private func keys() throws -> NetworkKeys {
        NetworkKeys(
            service: try ServiceURL("https://keys.example"), client: network, chainID: 7, directory: folder.path,
            pins: pins)
    }

    private func remove() { try? FileManager.default.removeItem(at: folder) }

    @Test("the first keys are pinned, others are refused, and taken when the operator accepts them")
    func pinned() async throws {
        defer { remove() }
        let keys = try keys()
        try await keys.prepare()
        try await keys.prepare()
        #expect(network.asked.count == 2, "asked once a process, for each")
        #expect(network.asked.allSatisfy { $0.isJSON && $0.body == Array(#"{"securityZone":0}"#.utf8) })
        let files = try await keys.open()
        #expect(files.publicKey >= 0 && files.parameters >= 0)
        network.setKey(0x55)
        try await keys.prepare()
        #expect(network.asked.count == 2)
        // After a refusal by the verifier, say.
        await keys.doubt()
        await #expect(throws: ThresholdError.self) { try await keys.prepare() }
        let found = Hexadecimal.encode(SHA256.hash([UInt8](repeating: 0x55, count: 33_000)))
        await #expect(throws: ThresholdError.self) { _ = try await self.keys().open() }
        do { try await self.keys().prepare() } catch ThresholdError.keysChanged(let text) {
            #expect(text.hasPrefix(found))
        }
        let accepted = try await self.keys().fingerprints()
        #expect(accepted.hasPrefix(found))
        await pins.setPin(accepted)
        try await self.keys().prepare()
    }

    @Test("without the network the pinned copies serve, and bent ones do not")
    func offline() async throws {
        defer { remove() }
        try await keys().prepare()
        network.goAway()
        try await keys().prepare()
        try Data([1, 2, 3]).write(to: folder.appending(path: "cofhe-parameters-7"))
        await #expect(throws: ThresholdError.unreachable) { try await self.keys().prepare() }
    }

    @Test(
        "a key that is too short, no hexadecimal or missing is no key, and parameters that are none are no parameters")
    func malformed() async throws {
        defer { remove() }
        for text in [#"{"publicKey":"0x"}"#, #"{"publicKey":"0xzz"}"#, "{}", "<html>", #"{"publicKey":"0x00"}"#] {
            network.answer(text, to: "GetNetworkPublicKey")
            await #expect(throws: ThresholdError.malformed) { try await self.keys().prepare() }
        }
        network.answer(nil, to: "GetNetworkPublicKey")
        for text in [#"{"crs":"0x"}"#, #"{"crs":"0x123"}"#, #"{"crs":7}"#, "{}", "<html>"] {
            network.answer(text, to: "GetCrs")
            await #expect(throws: ThresholdError.malformed) { try await self.keys().prepare() }
        }
        #expect(await pins.text == nil)
    }
}

private actor MemoryPins: KeyPins {
    private(set) var text: String?
    func pin() -> String? { text }
    func setPin(_ text: String) { self.text = text }
}

private final class FakeKeys: HTTPClient {
    private struct State {
        var byte: UInt8 = 1
        var isAway = false
        var answers: [String: String] = [:]
        var asked: [HTTPRequest] = []
    }
    private let state = Mutex(State())

    func setKey(_ byte: UInt8) { state.withLock { $0.byte = byte } }
    func goAway() { state.withLock { $0.isAway = true } }
    func answer(_ text: String?, to call: String) { state.withLock { $0.answers[call] = text } }
    var asked: [HTTPRequest] { state.withLock { $0.asked } }

    func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        let now = state.withLock { state in
            state.asked.append(request)
            return state
        }
        guard !now.isAway else { throw .connectFailed }
        if let (_, answer) = now.answers.first(where: { request.url.hasSuffix("/" + $0.key) }) {
            return HTTPResponse(status: 200, body: Array(answer.utf8))
        }
        if request.url.hasSuffix("/GetCrs") { return json(["crs": "0x0102"]) }
        return json(["publicKey": .string(Hexadecimal.encode([UInt8](repeating: now.byte, count: 33_000)))])
    }

    private func json(_ value: JSONValue) -> HTTPResponse { HTTPResponse(status: 200, body: value.encoded()) }
}
