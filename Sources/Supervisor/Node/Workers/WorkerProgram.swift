internal import Glibc
package import Shared

/// The worker's executable, opened once and executed by its descriptor, so that nobody can swap the file in between;
/// and what every worker of this node is started with.
package final class WorkerProgram: Sendable {
    let descriptor: Int32
    package let path: String
    package let limits: JobLimits
    /// PEM file of trusted certificates; nil where no endpoint uses TLS, which saves the worker 40 ms.
    package let trustFile: String?

    package init(path: String, limits: JobLimits, trustFile: String?) throws(WorkerError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .notStarted(errno: errno) }
        self.descriptor = descriptor
        self.path = path
        self.limits = limits
        self.trustFile = trustFile
    }

    deinit { close(descriptor) }

    var arguments: [String] { ["blindference-worker", String(limits.prompt)] + (trustFile.map { [$0] } ?? []) }

    /// All that a worker inherits. Swift's crash printer would write memory to stderr; freed heap is overwritten.
    static let environment = [
        "SWIFT_BACKTRACE=enable=no", "GLIBC_TUNABLES=glibc.malloc.perturb=165:glibc.malloc.tcache_count=0",
    ]
}
