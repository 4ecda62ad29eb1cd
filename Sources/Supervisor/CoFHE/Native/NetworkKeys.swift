internal import Ethereum
internal import Glibc
package import HTTPTransport
internal import Shared

/// Where the fingerprints of the network's keys outlive the process.
package protocol KeyPins: Sendable {
    func pin() async throws -> String?
    func setPin(_ text: String) async throws
}

/// The network's public key and the parameters of its proofs (cofhe.md 4). Whoever could put another key in their place
/// could read every output key, so the first ones that are seen are pinned, and others are refused until the operator
/// accepts them.
package actor NetworkKeys {
    /// Open for reading, for one helper.
    package struct Files: ~Copyable {
        package let publicKey: Int32
        package let parameters: Int32

        deinit {
            close(publicKey)
            close(parameters)
        }
    }

    private let service: ServiceURL
    private let client: any HTTPClient
    private let paths: (publicKey: String, parameters: String)
    private let pins: any KeyPins
    private let chainID: UInt64
    private var areReady = false

    /// Public keys are 33 KB, parameters some MB; as hexadecimal text.
    private static let maximumAnswer = 24 << 20
    private static let shortestPublicKey = 7500

    /// - Parameter directory: where copies are kept.
    package init(
        service: ServiceURL, client: any HTTPClient, chainID: UInt64, directory: String, pins: any KeyPins
    ) {
        self.service = service
        self.client = client
        self.pins = pins
        self.chainID = chainID
        paths = ("\(directory)/cofhe-public-key-\(chainID)", "\(directory)/cofhe-parameters-\(chainID)")
    }

    /// Makes sure that both are on disk and are the pinned ones; asks the network once a process.
    package func prepare() async throws(ThresholdError) {
        guard !areReady else { return }
        let pinned: String?
        do { pinned = try await pins.pin() } catch { throw .keysNotKept }
        let (publicKey, parameters): ([UInt8], [UInt8])
        do throws(ThresholdError) { (publicKey, parameters) = try await fetch() } catch {
            // A network that is away has not changed its keys: the copies are the pinned ones, or of no use.
            guard error == .unreachable, let pinned, pinned == fingerprintOfCopies() else { throw error }
            areReady = true
            return
        }
        let found = NetworkKeys.fingerprint(publicKey, parameters)
        guard pinned == nil || pinned == found else { throw .keysChanged(found: found) }
        do {
            try DurableFile.write(publicKey, path: paths.publicKey, mode: 0o644, replacing: true)
            try DurableFile.write(parameters, path: paths.parameters, mode: 0o644, replacing: true)
            if pinned == nil { try await pins.setPin(found) }
        } catch { throw .keysNotKept }
        areReady = true
    }

    /// Has the network asked anew: it may have other keys by now.
    package func doubt() { areReady = false }

    /// Of the keys that the network has now: SHA-256 of both, in hexadecimal.
    package func fingerprints() async throws(ThresholdError) -> String {
        let (publicKey, parameters) = try await fetch()
        return NetworkKeys.fingerprint(publicKey, parameters)
    }

    package func open() async throws(ThresholdError) -> Files {
        try await prepare()
        let publicKey = Glibc.open(paths.publicKey, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        let parameters = Glibc.open(paths.parameters, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        let files = Files(publicKey: publicKey, parameters: parameters)
        guard publicKey >= 0, parameters >= 0 else { throw .keysNotKept }
        return files
    }

    private func fingerprintOfCopies() -> String? {
        let limit = NetworkKeys.maximumAnswer
        guard let publicKey = try? DurableFile.read(path: paths.publicKey, limit: limit),
            let parameters = try? DurableFile.read(path: paths.parameters, limit: limit)
        else { return nil }
        return NetworkKeys.fingerprint(publicKey.bytes, parameters.bytes)
    }

    private static func fingerprint(_ publicKey: [UInt8], _ parameters: [UInt8]) -> String {
        Hexadecimal.encode(SHA256.hash(publicKey)) + " " + Hexadecimal.encode(SHA256.hash(parameters))
    }

    private func fetch() async throws(ThresholdError) -> (publicKey: [UInt8], parameters: [UInt8]) {
        async let publicKey = fetch("GetNetworkPublicKey", "publicKey")
        async let parameters = fetch("GetCrs", "crs")
        let both = await (publicKey, parameters)
        let (key, crs) = (try both.0.get(), try both.1.get())
        guard key.count >= NetworkKeys.shortestPublicKey, !crs.isEmpty else { throw .malformed }
        return (key, crs)
    }

    private func fetch(_ call: String, _ member: String) async -> Result<[UInt8], ThresholdError> {
        guard let url = try? service.appending(call) else { return .failure(.malformed) }
        var request = HTTPRequest(.post, url)
        request.headers = [("Content-Type", "application/json")]
        request.body = (["securityZone": 0] as JSONValue).encoded()
        request.timeout = .seconds(60)
        request.maximumResponse = NetworkKeys.maximumAnswer
        guard let response = try? await client.send(request) else { return .failure(.unreachable) }
        guard response.status == 200 else { return .failure(response.status >= 500 ? .unreachable : .refused) }
        guard let answer = try? JSONValue(parsing: response.body, limit: NetworkKeys.maximumAnswer),
            let bytes = answer[member]?.text.flatMap(Hexadecimal.decode)
        else { return .failure(.malformed) }
        return .success(bytes)
    }
}
