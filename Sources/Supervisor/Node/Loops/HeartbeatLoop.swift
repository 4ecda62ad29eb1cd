internal import Coordination
internal import Logging
internal import ServiceLifecycle

/// Tells the coordinator every 60 s that the node lives, and once more when it goes.
struct HeartbeatLoop: Service {
    let coordinator: CoordinatorClient
    let log: Logger

    /// The coordinator's grace is 300 s (icl.md 2.3).
    static let interval = Duration.seconds(60)

    func run() async throws {
        await beat()
        let pulse = Pulse()
        await withGracefulShutdownHandler {
            while !Task.isCancelled && !Task.isShuttingDownGracefully {
                await pulse.wait(HeartbeatLoop.interval)
                await beat()
            }
        } onGracefulShutdown: {
            pulse.knock()
        }
    }

    private func beat() async {
        do throws(CoordinatorError) {
            try await coordinator.heartbeat()
            log.event(.heartbeatSent)
        } catch { log.event(.heartbeatFailed, ["reason": .string("\(error)")]) }
    }
}
