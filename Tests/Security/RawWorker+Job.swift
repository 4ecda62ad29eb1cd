import DevnetCore
import Ethereum
import Glibc
import Shared
import Testing

/// A prompt as a user seals it: its key, the key's halves, the blob.
struct SealedPrompt {
    let key: [UInt8]
    let blob: [UInt8]

    init(_ prompt: String) throws {
        key = ToyCrypto.random(32)
        blob = try Blob.seal(Array(prompt.utf8), key: key)
    }

    var high: [UInt8] { Array(key[..<16]) }
    var low: [UInt8] { Array(key[16...]) }
}

extension RawWorker {
    /// From `ready` to the material: afterwards the worker holds the prompt.
    func give(_ prompt: SealedPrompt, backend: JobOrder.Backend = .mock, credential: [UInt8] = []) throws {
        try receive(.ready)
        let order = JobOrder(role: .verifier, modelID: "mock", seal: .hkdf, backend: backend, encryption: nil)
        try send(.start, order.fields, body: credential)
        try giveMaterial(prompt, publicKey: try receive(.sealingKey).fields["public"]?.text)
    }

    func giveMaterial(_ prompt: SealedPrompt, publicKey: String?, by network: Network = .python) throws {
        let key = try #require(publicKey.flatMap(Hexadecimal.decode))
        let halves = [
            try network.seal(prompt.high, to: key, Network.handles.high),
            try network.seal(prompt.low, to: key, Network.handles.low),
        ]
        let parts = halves + [prompt.blob]
        var fields = zip(["high", "low", "blob"], parts).map { JSONValue.Member($0, .integer($1.count)) }
        fields += [
            .init("highHandle", .string(Network.handles.high.hexadecimal)),
            .init("lowHandle", .string(Network.handles.low.hexadecimal)),
        ]
        try send(.material, fields, body: parts.flatMap { $0 })
    }

    /// By which protocol a worker's keys come and go.
    enum Network: String, CaseIterable, Sendable {
        case python, native

        static let chainID: UInt64 = 421_614
        static let handles = (
            high: CiphertextHandle(bytes: [UInt8](repeating: 1, count: 30) + [6, 0])!,
            low: CiphertextHandle(bytes: [UInt8](repeating: 2, count: 30) + [6, 0])!
        )
        /// Of a test key.
        private static let signer = Result {
            var secret = try SecretBytes(capacity: 32)
            try secret.append(public: [UInt8](repeating: 9, count: 32))
            return try PrivateKey(secret)
        }

        /// A leader's order for the slow model: the output key is encrypted at the end.
        ///
        /// - Parameter helperTimeout: milliseconds without a byte from a helper.
        func leaderOrder(helperTimeout: Int = 30_000) throws -> JobOrder {
            switch self {
            case .python: return RawWorker.leaderOrder
            case .native:
                let signer = try Network.signer.get().address.bytes
                return JobOrder(
                    role: .leader, modelID: "slow", seal: .box(BoxSeal(chainID: Network.chainID, signer: signer)),
                    backend: RawWorker.chat(), encryption: .helper(timeout: helperTimeout))
            }
        }

        /// A half of a key as the network seals it.
        fileprivate func seal(_ half: [UInt8], to key: [UInt8], _ handle: CiphertextHandle) throws -> [UInt8] {
            guard self == .native else { return try SealedValue.seal(half, to: key) }
            let box = try ToyCrypto.box(half, to: key)
            let sealed = box.data + box.publicKey + box.nonce
            let chain = [UInt8](repeating: 0, count: 5) + [0x06, 0x6e, 0xee]
            let digest = Keccak256.hash(sealed + [0, 0, 0, 6] + chain + handle.bytes)
            return sealed + (try Network.signer.get().sign(digest: digest).bytes)
        }
    }

    /// A leader's order for the same model: the output key's halves are encrypted at the end.
    static let leaderOrder = JobOrder(
        role: .leader, modelID: "slow", seal: .hkdf, backend: chat(),
        encryption: .service(
            EncryptionService(
                endpoint: Endpoint(name: .encryption, host: "127.0.0.1", port: 9, path: "/cofhe", usesTLS: false),
                account: "0x\(String(repeating: "0", count: 40))", timeout: 30_000)))

    static func chat(tls host: String? = nil) -> JobOrder.Backend {
        .chat(
            ChatOrder(
                dialect: .openai, model: "slow",
                endpoint: Endpoint(
                    name: .model, host: host ?? "127.0.0.1", port: 9, path: "/v1/chat/completions", usesTLS: host != nil
                ),
                maximumTokens: 16, timeout: 30_000))
    }
}

/// One end of a socket pair that a worker takes for its model's server, and the other, which the test plays.
final class ModelEnd {
    private(set) var workersEnd: Int32
    private let own: Int32

    init() throws {
        var sockets: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &sockets) == 0)
        (own, workersEnd) = (sockets[0], sockets[1])
        _ = fcntl(workersEnd, F_SETFL, O_NONBLOCK)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(own, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        close(own)
        letGo()
    }

    /// Once the worker has its end, so that the worker's death is seen here.
    func letGo() {
        if workersEnd >= 0 { close(workersEnd) }
        workersEnd = -1
    }

    /// Everything of the request, up to `end`.
    func request(until end: String) throws -> String {
        var bytes: [UInt8] = []
        while !String(decoding: bytes, as: UTF8.self).hasSuffix(end) {
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            let count = recv(own, &chunk, chunk.count, 0)
            guard count > 0 else { throw RawWorker.Failure.hungUp }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// So many bytes of a request.
    func bytes(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard recv(own, &bytes, count, Int32(MSG_WAITALL)) == count else { throw RawWorker.Failure.hungUp }
        return bytes
    }

    func send(bytes: [UInt8]) { _ = Glibc.send(own, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    func answer(_ text: String) {
        reply(#"{"choices":[{"message":{"role":"assistant","content":"\#(text)"}}]}"#)
    }

    /// Half an answer: its head promises more than comes.
    func beginAnswer(_ text: String) {
        reply(#"{"choices":[{"message":{"role":"assistant","content":"\#(text)"#, missing: 100)
    }

    /// The rest of it.
    func endAnswer() {
        let end = #""}}]}"#
        send(raw: end + String(repeating: " ", count: 100 - end.utf8.count))
    }

    /// - Parameter missing: how many bytes the body is said to be longer.
    func reply(_ body: String, missing: Int = 0) {
        send(raw: "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count + missing)\r\n\r\n\(body)")
    }

    func send(raw text: String) {
        _ = text.utf8.withContiguousStorageIfAvailable {
            Glibc.send(own, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
    }
}
