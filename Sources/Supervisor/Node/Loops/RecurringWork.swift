internal import ServiceLifecycle

/// Work that is done again and again until the node ends, which does not wait for it.
struct RecurringWork: Service {
    /// Does it once; how long to wait before the next time.
    let work: @Sendable () async -> Duration

    func run() async throws {
        // A task of its own, because only a cancelled one leaves an endpoint that hangs.
        let rounds = Task {
            while !Task.isCancelled {
                let pause = await work()
                try? await Task.sleep(for: pause)
            }
        }
        await withTaskCancellationOrGracefulShutdownHandler {
            await rounds.value
        } onCancelOrGracefulShutdown: {
            rounds.cancel()
        }
    }
}
