package import Attestation
internal import CSystem
package import CoFHE
internal import ContentStore
internal import Coordination
package import Ethereum
internal import Foundation
internal import Glibc
package import HTTPTransport
package import Logging
package import Shared

/// Why a node does not start.
package enum StartError: Error, Equatable, Sendable {
    case configuration(ConfigurationError)
    case journal(Journal.Failure)
    case worker(WorkerError)
    case secretMemory(SecretMemoryError)
    /// The user may lock fewer bytes than one worker needs.
    case memoryLockLimit(needed: Int, allowed: Int)
    case transport(HTTPFailure)
    case noModels
    case noTrustStore(path: String)
    /// `cofhe_helper` cannot be opened.
    case noHelper(path: String)
    case alreadyRunning(directory: String)
}

extension Node {
    /// Wires a node from its configuration.
    ///
    /// - Parameters:
    ///   - directory: where the journal lives.
    ///   - workerPath: the worker's program; usually beside the node's own.
    package static func assemble(
        _ configuration: Configuration, environment: OperatorEnvironment, wallet: PrivateKey, directory: String,
        workerPath: String, log: Logger
    ) throws(StartError) -> Node {
        let models: ModelCatalogue
        do { models = try ModelCatalogue(configuration, environment: environment) } catch {
            throw .configuration(error)
        }
        guard !models.isEmpty else { throw .noModels }
        let limits = JobLimits(prompt: configuration.maxPromptBytes)
        try checkMemoryLock(limits)
        let program = try worker(configuration, models, at: workerPath)
        var timing = JobTiming()
        timing.exposure = .seconds(configuration.maxExposureSeconds)
        let journal: Journal
        do { journal = try Journal(path: directory + "/journal.sqlite") } catch { throw .journal(error) }
        let client: CurlClient
        do throws(HTTPFailure) { client = try CurlClient() } catch { throw .transport(error) }
        let coordinator = CoordinatorClient(
            baseURL: configuration.iclEndpoint, client: client, signer: WalletSigner(wallet: wallet))
        let hold = ClaimHold()
        let permits = PermitGate(issuer: wallet.address, chainID: configuration.cofheChainID)
        var chain: ChainWatch?
        var outputKeys: OutputKeyStorage?
        var commitments: ExecutionCommitments?
        if let access = ChainAccess(configuration, client: client) {
            let queue = access.queue(wallet, journal: journal, directory: directory)
            chain = ChainWatch(access, queue: queue, journal: journal, hold: hold, log: log)
            if !configuration.skipOutputKeyStorage {
                outputKeys = OutputKeyStorage(access.keyStore, queue: queue)
            }
            if configuration.executionCommitments {
                commitments = ExecutionCommitments(access, queue: queue, journal: journal, log: log)
            }
        }
        let thread = SpawnThread()
        let helpers = try helpers(configuration, wallet, client, journal, directory, thread)
        let services = JobServices(
            coordinator: coordinator, content: try contentStore(configuration, environment, client),
            network: try network(configuration, wallet, client, permits),
            workers: WorkerPool(
                spawner: WorkerSpawner(program: program, thread: thread), size: configuration.maxConcurrentJobs),
            models: models, connector: EndpointConnector(), journal: journal, address: wallet.address, limits: limits,
            timing: timing, hold: hold, permits: permits, outputKeys: outputKeys, commitments: commitments,
            helpers: helpers, log: log)
        let watchdog = AttestationWatchdog(
            coordinator: coordinator, backend: try attestation(environment), models: models.advertised,
            manifest: program.manifest, journal: journal, log: log)
        return Node(
            services: services, watchdog: watchdog, seats: configuration.maxConcurrentJobs, chain: chain, log: log)
    }

    /// Attests once, outside of a running node.
    ///
    /// - Parameter mockKey: in place of `MOCK_ATTESTATION_KEY` and the network's public key.
    package static func attestOnce(
        _ configuration: Configuration, environment: OperatorEnvironment, wallet: PrivateKey, directory: String,
        workerPath: String, mockKey: SharedSecret?, log: Logger
    ) async throws -> Certificate {
        let journal = try Journal(path: directory + "/journal.sqlite")
        let models = try ModelCatalogue(configuration, environment: environment)
        let coordinator = CoordinatorClient(
            baseURL: configuration.iclEndpoint, client: try CurlClient(), signer: WalletSigner(wallet: wallet))
        let backend = try mockKey.map { MockAttestation(key: $0) } ?? attestation(environment)
        return try await AttestationWatchdog(
            coordinator: coordinator, backend: backend, models: models.advertised,
            manifest: try worker(configuration, models, at: workerPath).manifest, journal: journal, log: log
        ).attest()
    }

    /// The backend that proves what runs here.
    package static func attestation(_ environment: OperatorEnvironment) throws(StartError) -> any AttestationBackend {
        do throws(SecretMemoryError) {
            if let key = environment.secret(.mockAttestationKey) { return MockAttestation(key: key) }
            return MockAttestation(key: try MockAttestation.networkKey())
        } catch { throw .secretMemory(error) }
    }

    /// The worker that this node was built with, and no other.
    static func worker(
        _ configuration: Configuration, _ models: ModelCatalogue, at path: String
    ) throws(StartError) -> WorkerProgram {
        let trustFile = try trustFile(configuration, models)
        do throws(WorkerError) {
            guard let measurement = WorkerProgram.builtIn else { throw .notMeasured }
            return try WorkerProgram(
                path: path, limits: JobLimits(prompt: configuration.maxPromptBytes), trustFile: trustFile,
                required: configuration.requiredLayers, expected: measurement)
        } catch { throw .worker(error) }
    }

    /// One worker locks its whole arena. Root is not bound by the limit.
    private static func checkMemoryLock(_ limits: JobLimits) throws(StartError) {
        guard geteuid() != 0 else { return }
        let allowed = csystem_memory_lock_limit()
        guard allowed < UInt64(limits.arena) else { return }
        throw .memoryLockLimit(needed: limits.arena, allowed: Int(clamping: allowed))
    }

    /// `SSL_CERT_FILE`, or the system's bundle: the store that libcurl uses as well.
    static var trustStorePath: String {
        getenv("SSL_CERT_FILE").map { String(cString: $0) } ?? "/etc/ssl/certs/ca-certificates.crt"
    }

    private static func trustFile(_ configuration: Configuration, _ models: ModelCatalogue) throws(StartError)
        -> String?
    {
        guard models.usesTLS || configuration.cofheWorkerURL?.scheme == .https else { return nil }
        let path = trustStorePath
        guard FileManager.default.isReadableFile(atPath: path) else { throw .noTrustStore(path: path) }
        return path
    }

    private static func contentStore(
        _ configuration: Configuration, _ environment: OperatorEnvironment, _ client: any HTTPClient
    ) throws(StartError) -> ContentStore {
        do {
            return try ContentStore(
                gateways: configuration.ipfsGateways.map(\.text),
                uploader: uploader(configuration, environment.secret(.uploadToken), client), client: client)
        } catch { throw .configuration(.malformedURL(key: Setting.ipfsGateway.rawValue)) }
    }

    /// A Kubo RPC where one is configured, Pinata with a token, or nothing: then the node does not lead.
    private static func uploader(
        _ configuration: Configuration, _ token: SharedSecret?, _ client: any HTTPClient
    ) -> (any ContentUploader)? {
        let url = configuration.ipfsUploadURL?.text
        if let url, token == nil || KuboUploader.isKuboRPC(url) {
            return KuboUploader(rpc: url, token: token, client: client)
        }
        guard let token else { return nil }
        return PinataUploader(url: url ?? PinataUploader.defaultURL, token: token, client: client)
    }

    private static func services(_ configuration: Configuration) throws(StartError) -> CoFHEServices? {
        do throws(ConfigurationError) { return try configuration.cofheServices } catch { throw .configuration(error) }
    }

    private static func inputVerifier(
        _ services: CoFHEServices, _ configuration: Configuration, _ wallet: PrivateKey, _ client: any HTTPClient
    ) -> InputVerifier {
        InputVerifier(
            service: services.verifier, client: client, account: wallet.address,
            chainID: configuration.cofheChainID, consumer: configuration.chain.promptKeyStore)
    }

    /// What encrypts output keys in the native protocol; nil where the operator has named nothing.
    private static func helpers(
        _ configuration: Configuration, _ wallet: PrivateKey, _ client: any HTTPClient, _ journal: Journal,
        _ directory: String, _ thread: SpawnThread
    ) throws(StartError) -> EncryptionHelpers? {
        guard let path = configuration.cofheHelper, let services = try services(configuration) else { return nil }
        do throws(WorkerError) {
            return try EncryptionHelpers(
                path: path, keys: networkKeys(services, configuration, client, journal, directory),
                metadata: inputVerifier(services, configuration, wallet, client).metadata, thread: thread)
        } catch { throw .noHelper(path: path) }
    }

    package static func networkKeys(
        _ configuration: Configuration, journal: Journal, directory: String
    ) throws(StartError) -> NetworkKeys {
        guard let services = try services(configuration) else {
            throw .configuration(
                .unsupportedValue(
                    key: Setting.cofheMode.rawValue,
                    supported: [Configuration.CoFHEMode.native, .bridge].map(\.rawValue)))
        }
        do throws(HTTPFailure) {
            return networkKeys(services, configuration, try CurlClient(), journal, directory)
        } catch { throw .transport(error) }
    }

    private static func networkKeys(
        _ services: CoFHEServices, _ configuration: Configuration, _ client: any HTTPClient, _ journal: Journal,
        _ directory: String
    ) -> NetworkKeys {
        NetworkKeys(
            service: services.keys, client: client, chainID: configuration.cofheChainID,
            directory: directory, pins: JournalPins(journal: journal, chainID: configuration.cofheChainID))
    }

    private static func network(
        _ configuration: Configuration, _ wallet: PrivateKey, _ client: any HTTPClient, _ permits: PermitGate
    ) throws(StartError) -> any ThresholdNetwork {
        if let services = try services(configuration) {
            let endpoints = configuration.cofheRPCURLs
            guard !endpoints.isEmpty else { throw .configuration(.missing(key: Setting.rpcURL.rawValue)) }
            let rpc = RPCClient(endpoints: endpoints, chainID: configuration.cofheChainID, client: client)
            return NativeNetwork(
                rpc: rpc, keyStore: PromptKeyStoreContract(Contract(configuration.chain.promptKeyStore, rpc)),
                service: services.network, client: client, wallet: wallet, gate: permits,
                verifier: configuration.cofheHelper == nil
                    ? nil : inputVerifier(services, configuration, wallet, client))
        }
        guard let endpoint = configuration.cofheEndpoint else {
            throw .configuration(.missing(key: Setting.cofheEndpoint.rawValue))
        }
        return JSONRPCDialect(
            endpoint: endpoint, client: client, wallet: wallet, chainID: configuration.cofheChainID,
            now: { UInt64(time(nil)) })
    }
}

/// Signs the coordinator's requests with the node's key.
package struct WalletSigner: RequestSigner {
    let wallet: PrivateKey

    package init(wallet: PrivateKey) { self.wallet = wallet }

    package var checksummedAddress: String { wallet.address.checksummed }

    package func signature(overMessage bytes: [UInt8]) -> String { wallet.signMessage(bytes).hexadecimal }
}

/// The fingerprints of one chain's network keys, in the journal.
package struct JournalPins: KeyPins {
    let journal: Journal
    let chainID: UInt64

    package init(journal: Journal, chainID: UInt64) {
        self.journal = journal
        self.chainID = chainID
    }

    private var key: String { "cofhe_keys_\(chainID)" }

    package func pin() async throws -> String? { try await journal.state(key) }
    package func setPin(_ text: String) async throws { try await journal.setState(key, text) }
}
