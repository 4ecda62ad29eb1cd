internal import Coordination
internal import Logging
internal import ServiceLifecycle
internal import Shared

/// Asks for work every 5 s, and at once again while there is some.
struct AssignmentLoop: Service {
    let coordinator: CoordinatorClient
    let board: JobBoard
    let watchdog: AttestationWatchdog
    let pulse: Pulse
    let attested: Gate
    let log: Logger

    static let interval = Duration.seconds(5)
    /// Between two polls while jobs come in.
    private static let busyInterval = Duration.milliseconds(250)
    /// For what runs when the node is told to stop.
    static let drain = Duration.seconds(80)

    func run() async throws {
        guard await attested.opens() else { return }
        try await board.resume()
        // A task of its own, because only a cancelled one leaves a coordinator that hangs.
        let polls = Task {
            while !Task.isCancelled {
                let found = await poll()
                if Task.isCancelled { break }
                await pulse.wait(found ? AssignmentLoop.busyInterval : AssignmentLoop.interval)
            }
        }
        await withTaskCancellationOrGracefulShutdownHandler {
            await polls.value
        } onCancelOrGracefulShutdown: {
            polls.cancel()
        }
        log.event(.nodeStopping, ["jobs": .stringConvertible(await board.runningCount)])
        await board.close(within: AssignmentLoop.drain)
    }

    /// Whether a job was taken up.
    private func poll() async -> Bool {
        do throws(CoordinatorError) {
            let list = try await coordinator.assignments()
            await watchdog.recognised()
            if !list.refused.isEmpty {
                log.event(.assignmentRefused, ["count": .stringConvertible(list.refused.values.reduce(0, +))])
            }
            guard !list.items.isEmpty else { return false }
            let before = await board.runningCount
            await board.offer(list.items)
            let started = await board.runningCount - before
            if started > 0 { log.event(.assignmentsReceived, ["count": .stringConvertible(list.items.count)]) }
            return started > 0
        } catch {
            if Task.isCancelled { return false }
            log.event(.assignmentsFailed, ["reason": .string("\(error)")])
            if error.meansAttestAgain { await watchdog.refused(error) }
            return false
        }
    }
}
