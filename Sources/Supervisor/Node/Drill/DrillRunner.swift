package import Drill
internal import Glibc
internal import Shared

/// How an attack from inside a worker ended.
package enum DrillOutcome: Sendable, Equatable {
    case stopped(by: DrillLayer)
    /// It got what it wanted, or something left the worker.
    case survived
    /// It ended in a way that no layer explains: the exit status, or 128 + a signal. As good as survived.
    case unexplained(status: Int32)
}

/// Makes the attacks of `DrillCatalogue`: each in a worker of its own, started as the node starts its workers, proven as
/// the node proves them, and holding a secret when it attacks. It serves no job, and nothing of it outlives the attack.
package struct DrillRunner: Sendable {
    private let program: String
    private let prey: pid_t
    private static let limits = JobLimits(prompt: 64 << 10)
    private static let patience = Duration.seconds(10)

    /// - Parameters:
    ///   - program: the path of `blindference-drill`.
    ///   - prey: the process that attacks on other processes are aimed at; the calling one unless named.
    package init(program: String, prey: Int32 = getpid()) {
        self.program = program
        self.prey = prey
    }

    /// Makes one attack and says which layer stopped it.
    ///
    /// - Parameter isWide: lets the attack's calls through the filter of that one worker, to meet the layer behind it.
    ///   Such an attack survives where the kernel lacks all layers of `attack.behind`: a defence in depth less, while the
    ///   filter still stands. Without `isWide` nothing but `stopped` is good.
    /// - Throws: where the worker could not be started or its walls do not stand, so that there was no attack.
    package func run(_ attack: DrillAttack, isWide: Bool) async throws(WorkerError) -> DrillOutcome {
        let ground = try DrillGround(prey: prey)
        // A worker's own limit is minutes: what has no end gets a second.
        let limit = attack.isEndless ? 1 : WorkerProgram.processorSeconds
        let status = try await status(of: ground.script(attack, isWide: isWide), processorSeconds: limit)
        guard ground.isUntouched else { return .survived }
        if let stop = attack.stops(isWide: isWide).first(where: { $0.status == status }) {
            return .stopped(by: stop.layer)
        }
        return status == DrillStatus.survived ? .survived : .unexplained(status: status)
    }

    /// What the program ends with when it is told `script`.
    private func status(of script: String, processorSeconds: UInt64) async throws(WorkerError) -> Int32 {
        let secret: SharedSecret
        do { secret = SharedSecret(try SecretBytes.random(count: 64)) } catch { throw .notStarted(errno: ENOMEM) }
        let spawner = WorkerSpawner(
            program: try WorkerProgram(
                path: program, limits: DrillRunner.limits, trustFile: script, processorSeconds: processorSeconds))
        defer { withExtendedLifetime(spawner) {} }
        let worker = try await spawner.spawn()
        let deadline = ContinuousClock.now + DrillRunner.patience
        let order = JobOrder(role: .verifier, modelID: "drill", seal: .hkdf, backend: .mock, encryption: nil)
        do throws(WorkerError) {
            try await worker.start(order, credential: secret, deadline: deadline)
            let (header, _) = try await worker.receive(deadline: deadline)
            // It has nothing to say.
            throw .channel(.outOfOrder(header.kind))
        } catch {
            guard case .ended(let status) = error else { throw error }
            return status
        }
    }
}
