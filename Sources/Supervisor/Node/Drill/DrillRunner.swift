package import Drill
internal import Foundation
internal import Glibc
internal import Shared

/// How an attack ended.
package enum DrillOutcome: Sendable, Equatable {
    case stopped(by: DrillLayer)
    /// It got what it wanted, or something left the worker.
    case survived
    /// It ended in a way that no layer explains: the exit status, or 128 + a signal. As good as survived.
    case unexplained(status: Int32)
}

/// Makes the attacks of `DrillCatalogue`: each in a worker of its own, started as the node starts its workers, proven as
/// the node proves them, and holding a secret when it attacks or is attacked. It serves no job, and nothing of it outlives
/// the attack.
package struct DrillRunner: Sendable {
    private let program: String
    private let prey: pid_t
    private let thread = SpawnThread()
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
        let status =
            attack.isFromOutside
            ? try await statusFromOutside(of: attack)
            : try await status(of: ground.script(attack, isWide: isWide), processorSeconds: limit)
        guard ground.isUntouched else { return .survived }
        if let stop = attack.stops(isWide: isWide).first(where: { $0.status == status }) {
            return .stopped(by: stop.layer)
        }
        return status == DrillStatus.survived ? .survived : .unexplained(status: status)
    }

    /// What the program ends with when it is told `script` behind a worker's walls.
    private func status(of script: String, processorSeconds: UInt64) async throws(WorkerError) -> Int32 {
        let worker = try await worker(told: script, processorSeconds: processorSeconds)
        do throws(WorkerError) {
            try await DrillRunner.begin(worker)
            let (header, _) = try await worker.receive(deadline: .now + DrillRunner.patience)
            // It has nothing to say.
            throw .channel(.outOfOrder(header.kind))
        } catch {
            guard case .ended(let status) = error else { throw error }
            return status
        }
    }

    /// What the program ends with when it makes an attack on a worker, without walls and as the worker's user.
    private func statusFromOutside(of attack: DrillAttack) async throws(WorkerError) -> Int32 {
        let worker = try await worker(told: "spin", processorSeconds: WorkerProgram.processorSeconds)
        defer { worker.kill() }
        try await DrillRunner.begin(worker)
        // Four numbers each, all alike.
        let identity = ["Uid", "Gid"].map { row in
            worker.receipt?.proof.status[row]?.split(separator: "\t").first.map(String.init) ?? ""
        }
        let script = attack.script.replacingOccurrences(of: DrillPlace.worker.placeholder, with: String(worker.pid))
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = ["beside"] + identity + [script]
        process.environment = [:]
        let status: Int32? = await withCheckedContinuation { continuation in
            process.terminationHandler = { ended in
                let isExit = ended.terminationReason == .exit
                continuation.resume(returning: (isExit ? 0 : 128) + ended.terminationStatus)
            }
            do { try process.run() } catch { continuation.resume(returning: nil) }
        }
        guard let status else { throw .notStarted(errno: ENOENT) }
        return status
    }

    /// A worker that will do what it is told as soon as it hears of a job.
    private func worker(told script: String, processorSeconds: UInt64) async throws(WorkerError) -> Worker {
        let program = try WorkerProgram(
            path: program, limits: DrillRunner.limits, trustFile: script, processorSeconds: processorSeconds)
        return try await WorkerSpawner(program: program, thread: thread).spawn()
    }

    /// A job, and a secret with it.
    private static func begin(_ worker: Worker) async throws(WorkerError) {
        let secret: SharedSecret
        do { secret = SharedSecret(try SecretBytes.random(count: 64)) } catch { throw .notStarted(errno: ENOMEM) }
        let order = JobOrder(role: .verifier, modelID: "drill", seal: .hkdf, backend: .mock, encryption: nil)
        try await worker.start(order, credential: secret, deadline: .now + patience)
    }
}
