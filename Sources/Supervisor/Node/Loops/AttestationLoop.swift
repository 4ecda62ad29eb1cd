internal import ServiceLifecycle

/// The first certificate, for which the other loops wait, and `AttestationWatchdog.check` every 10 minutes.
struct AttestationLoop: Service {
    let watchdog: AttestationWatchdog
    let attested: Gate

    func run() async throws {
        let pulse = Pulse()
        let first = Task { await watchdog.persist() }
        await withTaskCancellationOrGracefulShutdownHandler {
            if await first.value { attested.open() }
            while !Task.isCancelled && !Task.isShuttingDownGracefully {
                await pulse.wait(AttestationWatchdog.interval)
                if !Task.isShuttingDownGracefully { await watchdog.check() }
            }
        } onCancelOrGracefulShutdown: {
            first.cancel()
            pulse.knock()
        }
    }
}
