internal import Attestation
internal import CSystem
internal import CoFHE
internal import HTTPTransport
package import Logging
internal import ServiceLifecycle

/// A running node: everything wired together, from the configuration and the wallet to the loops.
package struct Node: Sendable {
    private let services: JobServices
    private let watchdog: AttestationWatchdog
    private let seats: Int
    /// Nil for a node without an endpoint of the chain.
    private let chain: ChainWatch?
    private let log: Logger

    package init(services: JobServices, watchdog: AttestationWatchdog, seats: Int, chain: ChainWatch?, log: Logger) {
        self.services = services
        self.watchdog = watchdog
        self.seats = seats
        self.chain = chain
        self.log = log
    }

    /// Runs until SIGTERM or SIGINT; then finishes what runs, beats once more and returns.
    package func run() async throws {
        // Refuse to run before promising anything, when not even one worker can be confined.
        if let receipt = try await services.workers.fill() { try await note(receipt) }
        let attested = Gate()
        let pulse = Pulse()
        let board = JobBoard(services: services, seats: seats) { pulse.knock() }
        let silent = Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }
        // Shut down from last to first: work ends before the heartbeat does.
        let group = ServiceGroup(
            configuration: .init(
                services: background.map { .init(service: $0) } + [
                    .init(service: HeartbeatLoop(coordinator: services.coordinator, attested: attested, log: log)),
                    .init(service: AttestationLoop(watchdog: watchdog, attested: attested)),
                    .init(
                        service: AssignmentLoop(
                            coordinator: services.coordinator, board: board, watchdog: watchdog, pulse: pulse,
                            attested: attested, log: log)),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: silent))
        let announcement = Task {
            guard await attested.opens() else { return }
            log.event(
                .nodeStarted, ["address": .string(services.address.checksummed), "seats": .stringConvertible(seats)])
            // Half of what is resident now served the start alone: options, keystore, migrations.
            csystem_release_startup_memory()
        }
        defer { announcement.cancel() }
        try await group.run()
        await services.workers.close()
        log.event(.nodeStopped)
    }

    /// What goes on beside the jobs.
    private var background: [RecurringWork] {
        var all: [RecurringWork] = []
        if let chain {
            all.append(
                RecurringWork {
                    await chain.look()
                    return ChainWatch.interval
                })
        }
        if let commitments = services.commitments {
            all.append(
                RecurringWork {
                    await commitments.look()
                    return ExecutionCommitments.interval
                })
        }
        if let helpers = services.helpers {
            all.append(
                RecurringWork { [log, network = services.network] in
                    await helpers.prepare(log) { packed throws(ThresholdError) in _ = try await network.inputs(packed) }
                })
        }
        return all
    }

    /// Names what this machine's kernel does not give, in the log and for `status`.
    private func note(_ receipt: SandboxReceipt) async throws {
        for layer in receipt.missing {
            log.event(.layerMissing, ["layer": .string(layer.rawValue), "consequence": .string(layer.consequence)])
        }
        try await NodeStatus.store(receipt, in: services.journal)
    }
}
