package import Drill

extension Doctor {
    /// Attacks this machine from inside workers: every attack of the drill as a worker that was taken over could make it,
    /// and again with the filter open for it, to see what stands behind. And workers from outside, as another process of
    /// their user.
    ///
    /// - Parameter program: the path of `blindference-drill`.
    package func drill(_ program: String, _ attacks: [DrillAttack] = DrillCatalogue.attacks) async -> [Finding] {
        let runner = DrillRunner(program: program)
        var findings: [Finding] = []
        for attack in attacks {
            do throws(WorkerError) {
                findings.append(try await Doctor.make(attack, runner))
            } catch { return findings + [failure(.drill, about: attack.name, error)] }
        }
        return findings
    }

    private static func make(_ attack: DrillAttack, _ runner: DrillRunner) async throws(WorkerError) -> Finding {
        guard case .stopped(let first) = try await runner.run(attack, isWide: false) else {
            return Finding(
                .drill, about: attack.name, .fail, "It got through.",
                next: "Run no node on this machine, and report this with the output of uname -a.")
        }
        guard attack.isFiltered, !attack.behind.isEmpty else {
            return Finding(.drill, about: attack.name, .pass, "Stopped by \(first.rawValue).")
        }
        guard case .stopped(let second) = try await runner.run(attack, isWide: true) else {
            return Finding(
                .drill, about: attack.name, .warn, "Stopped by \(first.rawValue) alone.",
                next: "See the layers above: this machine lacks the one that would stand behind.")
        }
        return Finding(
            .drill, about: attack.name, .pass, "Stopped by \(first.rawValue), and behind it by \(second.rawValue).")
    }
}
