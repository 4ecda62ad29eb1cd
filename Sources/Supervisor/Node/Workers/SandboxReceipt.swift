internal import Glibc
package import Shared

/// What every worker of a node is started with, and what must be seen around it: the same for all its jobs.
///
/// Its digest is what an attestation binds (`AttestationBackend.quote`): whoever knows the published worker, table and
/// rules can compute it.
package struct SandboxManifest: Sendable, Equatable {
    /// SHA-256 of the worker's program.
    package let worker: [UInt8]
    package let landlock: LandlockRules
    /// Bytes of the secret arena.
    package let arena: Int
    package let required: [SandboxLayer]
    package let processorSeconds: UInt64

    package let json: JSONValue
    /// SHA-256 over the JSON text, without white space and in its order. Made once: each job's receipt names it.
    package let digest: [UInt8]

    package init(
        worker: [UInt8], filter: SystemCallTable = .current, landlock: LandlockRules, arena: Int,
        required: [SandboxLayer], processorSeconds: UInt64 = WorkerProgram.processorSeconds
    ) {
        self.worker = worker
        self.landlock = landlock
        self.arena = arena
        self.required = required
        self.processorSeconds = processorSeconds
        json = [
            "version": 1, "worker": .string(Hexadecimal.encode(worker)),
            "filter": .string(Hexadecimal.encode(filter.digest)),
            "landlock": .string(Hexadecimal.encode(landlock.digest)), "arena": .integer(arena),
            "limits": .object(
                WorkerProgram.fixedLimits.map { .init($0.name, .integer($0.value)) } + [
                    .init("processorSeconds", .integer(processorSeconds))
                ]),
            "descriptors": ["/dev/null", "/dev/null", "/dev/null", "channel"],
            "environment": .array(WorkerProgram.environment.map { .string($0) }),
            "requiredLayers": .array(required.map { .string($0.rawValue) }),
        ]
        digest = SHA256.hash(json.encoded())
    }
}

/// What stood around the worker of one job: the manifest it was started by, and the kernel's own words.
package struct SandboxReceipt: Sendable, Equatable {
    package let manifest: SandboxManifest
    package let proof: WorkerProof
    package let layers: Set<SandboxLayer>

    package var missing: [SandboxLayer] { SandboxLayer.allCases.filter { !layers.contains($0) } }

    package var json: JSONValue {
        func table(_ values: [String: String]) -> JSONValue {
            .object(values.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
        }
        return [
            "manifest": .string(Hexadecimal.encode(manifest.digest)), "started": manifest.json,
            "seen": [
                "status": table(proof.status), "limits": table(proof.limits),
                "descriptors": proof.descriptors.map { .array($0.map { .string($0) }) } ?? .null,
            ],
            "layers": .array(SandboxLayer.allCases.filter(layers.contains).map { .string($0.rawValue) }),
            "missingLayers": .array(missing.map { .string($0.rawValue) }),
        ]
    }
}
