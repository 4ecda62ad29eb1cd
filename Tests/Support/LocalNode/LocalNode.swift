internal import Attestation
internal import CoFHE
internal import ContentStore
package import Coordination
internal import DevnetCore
internal import Ethereum
internal import Foundation
internal import HTTPTransport
internal import Logging
package import Shared
package import Supervisor
internal import Synchronization

/// The jobs of a node with one seat, attested at a devnet of its own, all in this process: real services, and workers
/// and clocks as the test wants them.
package final class LocalNode: Sendable {
    package typealias Spawn = @Sendable () async throws(WorkerError) -> Worker

    /// The model that `modelURL` serves; `mock` needs no server.
    package static let model = "toy"
    package static let limits = JobLimits(prompt: 64 << 10)
    /// Of no worker: the mock's attestation binds none.
    package static let manifest = SandboxManifest(
        worker: [], landlock: LandlockRules(abi: 0), arena: limits.arena, required: [])

    package let services: JobServices
    package let board: JobBoard
    /// The digest of the manifest to which each attestation was bound.
    package var attestedManifests: [[UInt8]] { attestation.manifests }
    private let attestation: WitnessedAttestation
    private let server: HTTPServer
    private let folder: TemporaryFolder

    package enum Failure: Error { case lost, late }

    /// - Parameters:
    ///   - spares: how many workers wait for jobs.
    ///   - outputKeys: on a chain of the test's.
    ///   - now: Unix seconds by which penalties fade; nil for this machine's clock.
    package init(
        modelURL: String, timing: JobTiming, spares: Int = 1, outputKeys: OutputKeyStorage? = nil,
        now: (@Sendable () -> Int)? = nil, spawn: @escaping Spawn
    ) async throws {
        folder = try TemporaryFolder()
        server = try Devnet().serve()
        let wallet = try PrivateKey.generate()
        let client = try CurlClient()
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let coordinator = CoordinatorClient(
            baseURL: try ServiceURL(server.url), client: client, signer: WalletSigner(wallet: wallet))
        let journal = try Journal(path: folder.path("journal.sqlite"))
        let settings: JSONValue = [
            "mock_model_ids": ["mock"], "openai_model_ids": [.string(LocalNode.model)],
            "openai_base_url": .string(modelURL + "/v1"),
        ]
        try folder.write("config.json", String(decoding: settings.encoded(), as: UTF8.self))
        let environment = try OperatorEnvironment(environmentFile: folder.path(".env"))
        let models = try ModelCatalogue(
            try ConfigurationLoader(directory: folder.directory, environment: environment).load(),
            environment: environment)
        services = JobServices(
            coordinator: coordinator,
            content: try ContentStore(
                gateways: [server.url],
                uploader: KuboUploader(rpc: server.url + "/api/v0", token: nil, client: client), client: client),
            network: JSONRPCDialect(
                endpoint: try ServiceURL(server.url + "/cofhe"), client: client, wallet: wallet, chainID: 421_614,
                now: { UInt64(time(nil)) }),
            workers: WorkerPool(size: spares, spawn: spawn), models: models, connector: EndpointConnector(),
            journal: journal, address: wallet.address, limits: LocalNode.limits, timing: timing,
            permits: PermitGate(issuer: wallet.address, chainID: 421_614), outputKeys: outputKeys, log: log)
        board = JobBoard(services: services, seats: 1, now: now) {}
        attestation = WitnessedAttestation(inner: MockAttestation(key: try MockAttestation.networkKey()))
        _ = try await AttestationWatchdog(
            coordinator: coordinator, backend: attestation, models: models.advertised, manifest: LocalNode.manifest,
            journal: journal, log: log
        ).attest()
    }

    deinit { server.stop() }

    /// The devnet's.
    package var url: String { server.url }

    /// Has the devnet stumble on a path, as often as it is called.
    package func fault(_ path: String, _ action: String, contains: String) throws {
        _ = try LoopbackClient(url: server.url).json(
            "POST", "/dev/fault",
            ["path": .string(path), "action": .string(action), "contains": .string(contains), "count": 0])
    }

    /// Runs one job until its seat is free, however it ends; what the journal says of it then. A verifier's leader is
    /// somebody who never comes.
    ///
    /// - Parameters:
    ///   - failure: of an earlier try.
    ///   - exposed: microseconds for which plaintext lay open in it.
    package func serveOneJob(
        _ model: String = LocalNode.model, as role: JobMachine.Role = .leader, after failure: JobFailure? = nil,
        exposed: Int? = nil
    ) async throws -> JournalEntry {
        let own = services.address.checksummed
        let quorum =
            switch role {
            case .leader: UserSession.Quorum(verifiers: 0, leader: own)
            case .verifier:
                UserSession.Quorum(
                    verifiers: 1, leader: try PrivateKey.generate().address.checksummed, verifierAddresses: [own])
            }
        let user = try UserSession(client: LoopbackClient(url: server.url))
        let request = try user.submit(user.seal(Array("Why?".utf8)), model: model, quorum: quorum, deadline: 0)
        let offered = try await services.coordinator.assignments().items.filter { $0.job.text == request.jobID }
        guard let id = JobID(request.jobID) else { throw Failure.lost }
        if let failure {
            var earlier = JournalEntry(id: id, role: role, model: model, promptCID: "", updatedAt: 0)
            (earlier.state, earlier.failure, earlier.exposure) = (.failed, failure, exposed)
            try await services.journal.record(earlier)
        }
        await board.offer(offered)
        while await board.runningCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
        return try await entry(id)
    }

    /// The job, once the coordinator has its result.
    package func sent(_ entry: JournalEntry, within limit: Duration = .seconds(5)) async throws -> JournalEntry {
        try await self.entry(entry.id, in: [.sent], within: limit)
    }

    /// The job, once it is in one of these states.
    package func entry(
        _ id: JobID, in states: Set<JournalEntry.State>, within limit: Duration = .seconds(20)
    ) async throws -> JournalEntry {
        let end = ContinuousClock.now + limit
        while true {
            let now = try await entry(id)
            if states.contains(now.state) { return now }
            guard ContinuousClock.now < end else { throw Failure.late }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func entry(_ id: JobID) async throws -> JournalEntry {
        guard let entry = try await services.journal.entry(id) else { throw Failure.lost }
        return entry
    }
}

/// The mock's, with a memory of what it was asked to bind.
private final class WitnessedAttestation: AttestationBackend {
    private let inner: MockAttestation
    private let seen = Mutex<[[UInt8]]>([])

    init(inner: MockAttestation) { self.inner = inner }

    var manifests: [[UInt8]] { seen.withLock { $0 } }
    var type: String { inner.type }
    var runtimeHash: [UInt8] { inner.runtimeHash }

    func quote(nonce: [UInt8], manifest: [UInt8]) async throws(AttestationError) -> [UInt8] {
        seen.withLock { $0.append(manifest) }
        return try inner.quote(nonce: nonce, manifest: manifest)
    }
}
