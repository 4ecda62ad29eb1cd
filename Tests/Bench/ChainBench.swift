import Ethereum
import Foundation
import HTTPTransport
import Supervisor
import Synchronization
import TestChain
import TestNetwork

/// What the node itself adds to the time of the chain.
enum ChainBench {
    static func run(into rows: inout [Row]) async throws {
        rows.append(Row("sign and encode a transaction", [try signing()], atMost: [1], unit: "ms"))
        let key = try PrivateKey.generate()
        let chain = try await TestChain(funding: [key.address.checksummed])
        let folder = FileManager.default.temporaryDirectory.appending(path: "blindference-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let settings = [
            "BLF_RPC_URL": chain.url, "BLF_STAKING_ADDRESS": chain.contracts["BlindferenceStaking"] ?? "",
            "BLF_NODE_ADDRESS": key.address.checksummed,
        ]
        for (name, value) in settings { setenv(name, value, 1) }
        defer { for name in settings.keys { unsetenv(name) } }
        let configuration = try ConfigurationLoader(
            directory: folder, environment: OperatorEnvironment(environmentFile: "/nowhere")
        ).load()
        let client = TimingClient(inner: try CurlClient())
        guard let access = ChainAccess(configuration, client: client) else { throw ChainFailure.noEndpoint }
        let queue = access.queue(key, journal: try Journal(path: folder + "/journal.sqlite"), directory: folder)
        let stake = Stake(access, node: key.address)
        var own: [Double] = []
        for _ in 0..<9 {
            let (start, before) = (ContinuousClock.now, client.spent)
            _ = try await stake.stake(Amount(whole: 1000), over: queue, agree: { _, _ in true }, telling: { _ in })
            own.append((ContinuousClock.now - start - (client.spent - before)).inMilliseconds)
        }
        rows.append(
            Row(
                "a full stake (approve and stake), added to the chain's own time", [own.median], atMost: [100],
                unit: "ms"))
        rows.append(
            Row(
                "`blindference-node staking status`, whole process",
                [try WholeProcess.time("staking", "status", "--config-dir", folder)], atMost: [60], unit: "ms"))
    }

    /// Median of 200, in milliseconds.
    private static func signing() throws -> Double {
        let key = try PrivateKey.generate()
        return (0..<200).map { nonce in
            let start = ContinuousClock.now
            let transaction = Transaction(
                chainID: 421_614, nonce: UInt64(nonce), fees: .dynamic(maximum: Word(100_000_000), tip: Word(0)),
                gas: 100_000, to: .zero, data: [UInt8](repeating: 7, count: 200))
            let signed = transaction.signed(by: key)
            precondition(!signed.raw.isEmpty)
            return (ContinuousClock.now - start).inMilliseconds
        }.median
    }
}

/// Adds up how long requests take: the chain's own time, and the way there.
private final class TimingClient: HTTPClient {
    private let inner: CurlClient
    private let total = Mutex(Duration.zero)

    init(inner: CurlClient) { self.inner = inner }

    var spent: Duration { total.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        let start = ContinuousClock.now
        defer { total.withLock { $0 += ContinuousClock.now - start } }
        return try await inner.send(request)
    }
}
