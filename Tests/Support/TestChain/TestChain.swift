package import Shared
internal import Synchronization

/// A local chain with the network's contracts on it: a real EVM, and the bytecode of the published package.
///
/// Nobody else has it as long as it is held. A chain that is let go serves the next caller of its kind, who finds it
/// as it was when it was new: so a suite whose tests follow one another starts one.
///
/// Its own methods make it misbehave: `dev_fault`, `dev_reorg`, `dev_setBaseFee`, `dev_advanceTime` (devchain.py).
package final class TestChain: Sendable {
    private let running: RunningChain
    package var url: String { running.url }
    /// Addresses by the contracts' names.
    package var contracts: [String: String] { running.contracts }
    /// Accounts that the chain itself signs for.
    package var deployer: String { running.deployer }
    package var icl: String { running.icl }

    package enum Failure: Error { case setUp(String), refused(JSONValue), noAnswer, late(String) }

    private static let free = Mutex<[RunningChain]>([])

    /// - Parameters:
    ///   - funded: addresses that get 10 ETH and 10,000 BLIND.
    ///   - all: the attestation and commitment registries and the older registry as well.
    ///   - grace: seconds for which a heartbeat counts; 0 is what a fresh proxy has.
    ///   - cofhe: generation of CoFHE's contracts, with the devnet as signer; nil for the first without signers.
    package init(
        funding funded: [String] = [], all: Bool = false, grace: Int = 950_400, cofhe: String? = nil
    ) async throws {
        let kind = RunningChain.Kind(all: all, grace: grace, cofhe: cofhe)
        if let used = TestChain.taken(kind), (try? await used.revert()) != nil {
            running = used
        } else {
            running = try await RunningChain(kind)
        }
        for address in funded { try await fund(address) }
    }

    deinit { TestChain.free.withLock { $0.append(running) } }

    /// The processes of chains that wait for their next holder: children of this process, and no leak.
    package static var waiting: Set<Int32> { free.withLock { Set($0.map(\.process.pid)) } }

    private static func taken(_ kind: RunningChain.Kind) -> RunningChain? {
        free.withLock { free in
            free.lastIndex { $0.kind == kind && $0.process.isRunning }.map { free.remove(at: $0) }
        }
    }

    /// Gives 10 ETH and 10,000 BLIND.
    package func fund(_ address: String) async throws {
        try await ask("dev_fund", .string(address), "0x8ac7230489e80000", "0x21e19e0c9bab2400000")
    }

    /// Calls a method, the chain's own ones included.
    @discardableResult
    package func ask(_ method: String, _ params: JSONValue...) async throws -> JSONValue {
        try await RunningChain.ask(url, method, params)
    }

    /// The next `count` calls of `method` do this instead: `{"error": …}`, `{"http": 503}`, `{"sleep": 5}` or
    /// `{"result": …}`; with `"about"`, those alone whose parameters contain all of these texts, and with `"except"`
    /// none of these.
    package func fault(_ method: String, _ action: JSONValue, count: Int = 1) async throws {
        try await ask("dev_fault", .string(method), action, .integer(count))
    }

    /// How often `method` was called since the chain was new.
    package func calls(of method: String) async throws -> Int {
        try await ask("dev_calls", .string(method)).int ?? 0
    }

    /// Waits until `method` has been called so often.
    package func wait(for count: Int, of method: String, within seconds: Double = 20) async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        while try await calls(of: method) < count {
            guard ContinuousClock.now < end else { throw Failure.late(method) }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// A call by one of the accounts that the chain itself signs for.
    ///
    /// - Parameter data: hexadecimal digits.
    package func send(from account: String, to contract: String, _ data: String) async throws {
        try await ask(
            "eth_sendTransaction",
            ["from": .string(account), "to": .string(contract), "data": .string("0x" + data)])
    }

    /// Has the coordinator dispatch a job to the registry of commitments: sealed within 600 s, opened within 1200.
    ///
    /// - Parameters:
    ///   - job: `0x` and 64 digits.
    ///   - executor, crossVerifier: addresses.
    package func dispatch(_ job: String, to executor: String, _ crossVerifier: String) async throws {
        func word(_ digits: some StringProtocol) -> String {
            String(repeating: "0", count: 64 - digits.count) + digits.lowercased()
        }
        let block = try await ask("eth_getBlockByNumber", "latest", false)
        guard let now = (block["timestamp"]?.text?.dropFirst(2)).flatMap({ Int($0, radix: 16) }),
            let registry = contracts["ExecutionCommitmentRegistry"]
        else { throw Failure.noAnswer }
        // dispatch(invocation, escrow, agent, executor, crossVerifier, commitDeadline, revealDeadline)
        let words = [
            word(job.dropFirst(2)), word("1"), word("2"), word(executor.dropFirst(2)), word(crossVerifier.dropFirst(2)),
            word(String(now + 600, radix: 16)), word(String(now + 1200, radix: 16)),
        ]
        try await send(from: icl, to: registry, "706f8893" + words.joined())
    }
}
