internal import Shared

extension Doctor {
    /// Starts one real worker, looks at its walls from outside, and ends it.
    func examineWorker(_ limits: JobLimits, _ trustFile: String?) async -> [Finding] {
        do throws(WorkerError) {
            let program = try WorkerProgram(path: workerPath, limits: limits, trustFile: trustFile)
            let worker = try await WorkerSpawner(program: program).spawn()
            defer { worker.kill() }
            let walls = WorkerProof.Wall.allCases.map(\.rawValue).joined(separator: ", ")
            return [Finding(.sandbox, .pass, "Seen from outside, every core wall stands: \(walls).")]
                + Doctor.layers(
                    landlock: worker.layers["landlock"]?.int ?? 0,
                    hasSecretMemory: worker.layers["arena"]?.text == SecretArena.Kind.secretMemory.rawValue,
                    hasProcessNamespace: worker.proof?.ownProcessNamespace ?? false)
        } catch { return [failure(.sandbox, error)] }
    }

    /// Layers that a kernel may lack, and what that means.
    static func layers(landlock: Int, hasSecretMemory: Bool, hasProcessNamespace: Bool) -> [Finding] {
        [
            landlockLayer(landlock),
            hasSecretMemory
                ? Finding(
                    .layers, about: "secret_memory", .pass, "Not even root reads a worker's secrets (memfd_secret).")
                : Finding(
                    .layers, about: "secret_memory", .warn,
                    "No memfd_secret: a worker's secrets are locked in memory, but root could read them.",
                    next: "Use a kernel of 5.14 or newer with secretmem.enable=1, and enough locked memory."),
            hasProcessNamespace
                ? Finding(.layers, about: "namespaces", .pass, "A worker sees no other process.")
                : Finding(
                    .layers, about: "namespaces", .warn,
                    "A worker has no process namespace of its own: only the filter keeps it from other processes.",
                    next: "Run the node as root (workers give up all rights), or in a container of its own."),
        ]
    }

    private static func landlockLayer(_ abi: Int) -> Finding {
        let missing: String
        switch abi {
        case 6...:
            return Finding(.layers, about: "landlock", .pass, "ABI \(abi): files, TCP and abstract sockets are denied.")
        case 4...: missing = "ABI \(abi) knows no abstract sockets and signals"
        case 1...: missing = "ABI \(abi) knows files only, no TCP"
        default: missing = "This kernel has no Landlock"
        }
        return Finding(
            .layers, about: "landlock", .warn, "\(missing): there the filter alone stops a worker.",
            next: "Use a kernel of 6.12 or newer with landlock in its list of security modules (lsm=).")
    }
}
