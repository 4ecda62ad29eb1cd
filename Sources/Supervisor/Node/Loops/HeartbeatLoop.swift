internal import Coordination
internal import Logging
internal import ServiceLifecycle

/// Tells the coordinator every 60 s that the node lives, and once more when it goes.
struct HeartbeatLoop: Service {
    let coordinator: CoordinatorClient
    let attested: Gate
    let log: Logger

    /// The coordinator's grace is 300 s (icl.md 2.3).
    static let interval = Duration.seconds(60)
    /// The last beat is a courtesy: a coordinator that is away does not hold up the end.
    private static let farewell = Duration.seconds(5)

    func run() async throws {
        guard await attested.opens() else { return }
        await beat()
        let pulse = Pulse()
        await withGracefulShutdownHandler {
            while !Task.isCancelled && !Task.isShuttingDownGracefully {
                await pulse.wait(HeartbeatLoop.interval)
                if Task.isShuttingDownGracefully { await bidFarewell() } else { await beat() }
            }
        } onGracefulShutdown: {
            pulse.knock()
        }
    }

    private func bidFarewell() async {
        let last = Task { await beat() }
        let timer = Task {
            try? await Task.sleep(for: HeartbeatLoop.farewell)
            last.cancel()
        }
        await last.value
        timer.cancel()
    }

    private func beat() async {
        do throws(CoordinatorError) {
            try await coordinator.heartbeat()
            log.event(.heartbeatSent)
        } catch { log.event(.heartbeatFailed, ["reason": .string("\(error)")]) }
    }
}
