import CSystem
import Foundation
import Inspection
import Shared
import Supervisor
import TestChain
import TestNetwork
import Testing

/// All tests of the sandbox and of the secrets, one after the other: some count processes and descriptors.
@Suite("Security", .serialized) enum Security {
    /// Where root's workers live; made once, as the spawner does.
    static let world: [Int32]? = {
        var world = [Int32](repeating: -1, count: Int(csystem_world_size))
        return geteuid() == 0 && csystem_make_world(&world) == 0 ? world : nil
    }()
    static let limits = JobLimits(prompt: 64 << 10)
    static let worker = TestNetwork.binaries.appending(path: "blindference-worker").path
    static let drill = TestNetwork.binaries.appending(path: "blindference-drill").path
    static let narrowed = TestNetwork.binaries.appending(path: "narrowed-worker").path
    static let lying = TestNetwork.binaries.appending(path: "lying-worker").path
    static let unconfined = TestNetwork.binaries.appending(path: "unconfined-worker").path

    static let environment: Set = [
        "SWIFT_BACKTRACE=enable=no", "GLIBC_TUNABLES=glibc.malloc.perturb=165:glibc.malloc.tcache_count=0",
    ]

    /// The same as `ProcessView.environment` shows it.
    static let environmentParts = Set(environment.flatMap { $0.split(separator: ":").map(String.init) })

    static func spawner(_ path: String = worker, argument: String? = nil) throws -> WorkerSpawner {
        WorkerSpawner(program: try WorkerProgram(path: path, limits: limits, trustFile: argument))
    }

    static let order = JobOrder(role: .verifier, modelID: "mock", seal: .hkdf, backend: .mock, encryption: nil)

    /// memfd_secret: memory that not even root can read.
    static let kernelHasSecretMemory: Bool = {
        let descriptor = csystem_memfd_secret()
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }()

    /// Whether this kernel gives us the namespaces that a worker wants.
    static func kernelOffersNamespaces() async throws -> Bool {
        let options = ["--pid", "--net", "--ipc", "--uts", "--mount", "--fork", "--propagation", "unchanged"]
        let log = FileManager.default.temporaryDirectory.appending(path: "unshare-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: log) }
        let child = try ChildProcess(
            URL(filePath: "/usr/bin/unshare"), (geteuid() == 0 ? [] : ["--user"]) + options + ["true"], output: log)
        return try await child.end() == 0
    }

    /// This process's children, zombies included, but for chains that wait for the next test.
    static var children: [ProcessView] {
        let chains = TestChain.waiting
        return ProcessView(getpid()).children.filter { !chains.contains($0.pid) }
    }

    /// Waits for something that must come, by asking often.
    static func wait(
        for what: Comment, within seconds: Double = 20, until condition: () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        while try await !condition() {
            try #require(ContinuousClock.now < end, what)
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
