internal import ServiceLifecycle

/// `ChainWatch.look` every 60 s. A transaction that is under way at the end stays in the journal for the next start.
struct ChainLoop: Service {
    let watch: ChainWatch

    func run() async throws {
        // A task of its own, because only a cancelled one leaves an endpoint that hangs.
        let looks = Task {
            while !Task.isCancelled {
                await watch.look()
                try? await Task.sleep(for: ChainWatch.interval)
            }
        }
        await withTaskCancellationOrGracefulShutdownHandler {
            await looks.value
        } onCancelOrGracefulShutdown: {
            looks.cancel()
        }
    }
}
