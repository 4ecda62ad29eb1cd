import Attestation
import CoFHE
import ContentStore
import Coordination
import DevnetCore
import Ethereum
import Foundation
import HTTPTransport
import Logging
import LoopbackServer
import Shared
import Testing

@testable import Supervisor

/// Real workers and a real devnet in this process; only the clocks run faster.
@Suite("The clock of a job")
struct JobClockTests {
    @Test("a claimed job ends at its limit, whatever the model does, and the journal says why")
    func modelHangs() async throws {
        let model = try LoopbackServer { _ in .hang() }
        var timing = JobTiming()
        timing.limit = .seconds(2)
        let network = try await OneNode(asking: model, timing)
        let start = ContinuousClock.now
        let entry = try await network.serveOneJob()
        #expect(entry.state == .failed)
        #expect(entry.failure == .outOfTime)
        #expect(entry.claimedAt != nil)
        #expect(ContinuousClock.now - start < .seconds(4))
        #expect(model.requests.count == 1)
    }

    @Test("a failure that may pass is tried again, but not past the job's limit")
    func modelIsBusy() async throws {
        let model = try LoopbackServer { _ in .json("{}", status: 503) }
        var timing = JobTiming()
        timing.limit = .seconds(3)
        timing.pauses = [.milliseconds(10), .seconds(60)]
        let network = try await OneNode(asking: model, timing)
        let entry = try await network.serveOneJob()
        #expect(entry.failure == .modelServerFailed)
        #expect(model.requests.count == 2)
    }

    @Test("an upload that takes longer than the job may is given up at the limit")
    func uploadHangs() async throws {
        let answer = #"{"choices":[{"message":{"role":"assistant","content":"Because."}}]}"#
        let model = try LoopbackServer { _ in .json(answer) }
        var timing = JobTiming()
        timing.limit = .seconds(2)
        let network = try await OneNode(asking: model, timing)
        try network.fault("/api/v0/add", "hang", contains: "blindference-output.bin")
        let start = ContinuousClock.now
        let entry = try await network.serveOneJob()
        #expect(entry.failure == .outOfTime)
        #expect(entry.submission == nil)
        #expect(ContinuousClock.now - start < .seconds(4))
    }
}

/// A board with one seat, attested at a devnet of its own.
final class OneNode {
    let server: HTTPServer
    let services: JobServices
    let board: JobBoard
    private let folder: TemporaryFolder

    init(asking model: LoopbackServer, _ timing: JobTiming, now: (@Sendable () -> Int)? = nil) async throws {
        folder = try TemporaryFolder()
        server = try Devnet().serve()
        let wallet = try PrivateKey.generate()
        let client = try CurlClient()
        let limits = JobLimits(prompt: 64 << 10)
        let programs = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let program = try WorkerProgram(
            path: programs.appending(path: "blindference-worker").path as String, limits: limits, trustFile: nil)
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let coordinator = CoordinatorClient(
            baseURL: try ServiceURL(server.url), client: client, signer: WalletSigner(wallet: wallet))
        let journal = try Journal(path: folder.path("journal.sqlite"))
        let values: [Setting: SettingValue] = [
            .openaiModelIDs: .list(["toy"]), .openaiBaseURL: .text(model.base + "/v1"),
        ]
        let models = try ModelCatalogue(
            try Configuration(directory: folder.directory, values: values, notes: []),
            environment: try OperatorEnvironment(environmentFile: folder.path(".env")))
        services = JobServices(
            coordinator: coordinator,
            content: try ContentStore(
                gateways: [server.url],
                uploader: KuboUploader(rpc: server.url + "/api/v0", token: nil, client: client), client: client),
            network: JSONRPCDialect(
                endpoint: try ServiceURL(server.url + "/cofhe"), client: client, wallet: wallet, chainID: 421_614,
                now: { UInt64(time(nil)) }),
            workers: WorkerPool(spawner: WorkerSpawner(program: program), size: 1), models: models,
            connector: EndpointConnector(), journal: journal, address: wallet.address, limits: limits, timing: timing,
            log: log)
        board = JobBoard(services: services, seats: 1, now: now) {}
        let backend = MockAttestation(key: try MockAttestation.networkKey())
        _ = try await AttestationWatchdog(
            coordinator: coordinator, backend: backend, models: models.advertised, journal: journal, log: log
        ).attest()
    }

    deinit { server.stop() }

    func fault(_ path: String, _ action: String, contains: String) throws {
        _ = try LoopbackClient(url: server.url).json(
            "POST", "/dev/fault",
            ["path": .string(path), "action": .string(action), "contains": .string(contains), "count": 0])
    }

    /// Leads one job to its end, however it ends; what the journal says of it.
    func serveOneJob() async throws -> JournalEntry {
        let user = try UserSession(client: LoopbackClient(url: server.url))
        let request = try user.submit(
            user.seal(Array("Why?".utf8)), model: "toy",
            quorum: .init(verifiers: 0, leader: services.address.checksummed), deadline: 0)
        await board.offer(try await services.coordinator.assignments().items)
        while await board.runningCount > 0 { try await Task.sleep(for: .milliseconds(10)) }
        let id = try #require(JobID(request.jobID))
        return try #require(try await services.journal.entry(id))
    }
}
