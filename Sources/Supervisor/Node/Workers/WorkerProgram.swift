internal import CSystem
internal import Glibc
package import Shared

/// The worker's executable, measured once and executed from a sealed copy in memory, so that what runs is what was
/// measured, whatever becomes of the file; and what every worker of this node is started with.
package final class WorkerProgram: Sendable {
    /// Of the sealed copy.
    let descriptor: Int32
    package let limits: JobLimits
    /// PEM file of trusted certificates; nil where no endpoint uses TLS, which saves the worker 40 ms.
    package let trustFile: String?
    package let manifest: SandboxManifest

    /// - Parameters:
    ///   - path: a regular file; a symbolic link is refused.
    ///   - expected: the SHA-256 that the program must have; nil for programs of tests.
    ///   - required: extra layers without which no worker of this node is used.
    ///   - processorSeconds: another limit than every job's, for the drill.
    package init(
        path: String, limits: JobLimits, trustFile: String?, required: [SandboxLayer] = [], expected: [UInt8]? = nil,
        processorSeconds: UInt64 = WorkerProgram.processorSeconds
    ) throws(WorkerError) {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { throw .notStarted(errno: errno) }
        defer { close(file) }
        let copy = csystem_sealed_copy(file, "blindference-worker")
        guard copy >= 0 else { throw .notStarted(errno: errno) }
        let measured = WorkerProgram.measure(copy)
        guard let measured, expected == nil || expected == measured else {
            close(copy)
            throw .notTheMeasuredProgram
        }
        descriptor = copy
        self.limits = limits
        self.trustFile = trustFile
        manifest = SandboxManifest(
            worker: measured, landlock: LandlockRules(abi: Int(csystem_landlock_abi())), arena: limits.arena,
            required: required, processorSeconds: processorSeconds)
    }

    deinit { close(descriptor) }

    private static func measure(_ file: Int32) -> [UInt8]? {
        var info = stat()
        guard fstat(file, &info) == 0, info.st_size > 0,
            let bytes = mmap(nil, Int(info.st_size), PROT_READ, MAP_PRIVATE, file, 0), bytes != MAP_FAILED
        else { return nil }
        defer { munmap(bytes, Int(info.st_size)) }
        return SHA256.hash(UnsafeRawBufferPointer(start: bytes, count: Int(info.st_size)))
    }

    /// The SHA-256 that the build wrote into this node; nil for a build that wrote none.
    package static var builtIn: [UInt8]? {
        var digest = [UInt8](repeating: 0, count: SHA256.byteCount)
        csystem_worker_sha256(&digest)
        return digest.contains { $0 != 0 } ? digest : nil
    }

    var arguments: [String] { ["blindference-worker", String(limits.prompt)] + (trustFile.map { [$0] } ?? []) }

    /// All that a worker inherits. Swift's crash printer would write memory to stderr; freed heap is overwritten.
    static let environment = [
        "SWIFT_BACKTRACE=enable=no", "GLIBC_TUNABLES=glibc.malloc.perturb=165:glibc.malloc.tcache_count=0",
    ]

    /// The resource limits that do not depend on the prompt's size.
    static let fixedLimits: [(name: String, value: Int)] = [
        ("core", 0), ("fileSize", 0), ("processes", 0), ("descriptors", 16),
    ]
    package static let processorSeconds: UInt64 = 300
}
