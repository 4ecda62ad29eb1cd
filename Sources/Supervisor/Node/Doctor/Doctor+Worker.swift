internal import Shared

extension Doctor {
    /// Starts one real worker, looks at its walls from outside, and ends it.
    func examineWorker(
        _ limits: JobLimits, _ trustFile: String?, required: [SandboxLayer]
    ) async -> [Finding] {
        do throws(WorkerError) {
            guard let measurement = WorkerProgram.builtIn else { throw .notMeasured }
            let program = try WorkerProgram(
                path: workerPath, limits: limits, trustFile: trustFile, expected: measurement)
            let worker = try await WorkerSpawner(program: program).spawn()
            defer { worker.kill() }
            let isRoot = worker.receipt?.proof.descriptors != nil
            let seen = WorkerProof.Wall.allCases.filter { isRoot || !WorkerProof.Wall.seenByRoot.contains($0) }
            let walls = seen.map(\.rawValue).joined(separator: ", ")
            return [Finding(.sandbox, .pass, "Seen from outside, every core wall stands: \(walls).")]
                + Doctor.layers(worker.receipt?.layers ?? [], required: required)
        } catch { return [failure(.sandbox, error)] }
    }

    /// Layers that a kernel may lack, and what that means: nothing runs without one that is required.
    static func layers(_ given: Set<SandboxLayer>, required: [SandboxLayer] = []) -> [Finding] {
        SandboxLayer.allCases.map { layer in
            given.contains(layer)
                ? Finding(.layers, about: layer.rawValue, .pass, "Stands around every worker.")
                : Finding(
                    .layers, about: layer.rawValue, required.contains(layer) ? .fail : .warn,
                    "Missing: \(layer.consequence).",
                    next: "Run the node as root (workers give up all rights) on a newer kernel, or accept it.")
        }
    }
}
