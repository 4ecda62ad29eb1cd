package import Ethereum
package import HTTPTransport
package import Shared

/// Mode `python`: the JSON-RPC dialect of the published node's Python client (cofhe.md 9). No public server speaks it;
/// the devnet does.
package struct JSONRPCDialect: ThresholdNetwork {
    private let endpoint: ServiceURL
    private let client: any HTTPClient
    private let wallet: PrivateKey
    private let chainID: UInt64
    private let now: @Sendable () -> UInt64

    /// Minutes, for one job: the permit dies soon after its job.
    private static let permitLifetime: UInt64 = 600
    private static let attempts = 3

    /// - Parameter now: Unix seconds.
    package init(
        endpoint: ServiceURL, client: any HTTPClient, wallet: PrivateKey, chainID: UInt64,
        now: @escaping @Sendable () -> UInt64
    ) {
        self.endpoint = endpoint
        self.client = client
        self.wallet = wallet
        self.chainID = chainID
        self.now = now
    }

    package func seal() -> JobOrder.Seal { .hkdf }

    package var encryption: EncryptionOrder? {
        let place = Endpoint(
            name: .encryption, host: endpoint.host, port: endpoint.port, path: endpoint.target,
            usesTLS: endpoint.scheme == .https)
        return .service(EncryptionService(endpoint: place, account: wallet.address.checksummed, timeout: 30_000))
    }

    package func sealedKey(
        _ handles: KeyHandles, of job: String, to sealingKey: [UInt8], as ordered: JobOrder.Seal
    ) async throws(ThresholdError) -> SealedKey {
        let permit = try Permit(
            issuer: wallet, sealingKey: sealingKey, expiration: now() + JSONRPCDialect.permitLifetime, chainID: chainID
        ).json
        async let high = result(of: handles.high, permit)
        async let low = result(of: handles.low, permit)
        let halves = await (high, low)
        return SealedKey(high: try halves.0.get(), low: try halves.1.get())
    }

    private func result(of handle: CiphertextHandle, _ permit: JSONValue) async -> Result<[UInt8], ThresholdError> {
        do throws(ThresholdError) { return .success(try await sealedValue(of: handle, permit)) } catch {
            return .failure(error)
        }
    }

    private func sealedValue(of handle: CiphertextHandle, _ permit: JSONValue) async throws(ThresholdError) -> [UInt8] {
        var request = HTTPRequest(.post, endpoint)
        request.headers = [("Content-Type", "application/json")]
        request.timeout = .seconds(30)
        request.maximumResponse = 64 << 10
        request.body =
            ([
                "jsonrpc": "2.0", "id": 1, "method": "cofhe_decryptForView",
                "params": [.string(handle.hexadecimal), permit],
            ] as JSONValue).encoded()
        for attempt in 1...JSONRPCDialect.attempts {
            if let response = try? await client.send(request) {
                if response.status == 200 { return try JSONRPCDialect.sealedValue(in: response.body) }
                guard response.status == 429 || response.status >= 500 else { throw .refused }
            }
            let pause = Duration.milliseconds(Int.random(in: 100...(400 << attempt)))
            guard attempt < JSONRPCDialect.attempts, (try? await Task.sleep(for: pause)) != nil else { break }
        }
        throw .unreachable
    }

    private static func sealedValue(in body: [UInt8]) throws(ThresholdError) -> [UInt8] {
        guard let answer = try? JSONValue(parsing: body) else { throw .malformed }
        if let error = answer["error"], error != .null { throw .refused }
        guard let text = answer["result"]?["sealedValue"]?.text, let sealed = Hexadecimal.decode(text), !sealed.isEmpty,
            sealed.count <= JobLimits.sealedValue
        else { throw .malformed }
        return sealed
    }
}
