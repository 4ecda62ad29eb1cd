import Foundation
import Glibc
import Inspection
import LocalNode
import LoopbackServer
import Shared
import Supervisor
import Testing

/// I7: a worker that stops answering is gone within its deadline plus one second, whatever it does.
extension Security {
    @Suite("Ends are bounded", .serialized) struct BoundedEndTests {
        /// What a worker may do instead of ending; it blocks all signals meanwhile.
        static let delays = [
            "spin", "sleep", "take\nhangup\nspin", "take\nhangup\nsleep", "repeat send " + Lie.ready, "hex 0000\nspin",
        ]

        @Test("a limit of its own ends a worker, whatever it does", arguments: delays)
        func limit(_ delay: String) async throws {
            let spawner = try Security.spawner(Security.lying, argument: "send \(Lie.ready)\n\(delay)")
            let worker = try await spawner.spawn()
            // Something to take, for those that hang up only once their walls were seen.
            try await worker.start(Security.order, credential: nil, deadline: .now + .seconds(5))
            worker.end(by: .now + .seconds(60))
            worker.end(by: .now + .milliseconds(300))
            let start = ContinuousClock.now
            #expect(worker.isAlive)
            try await Security.wait(for: "it is gone", within: 1.3) { !worker.isAlive }
            #expect(ContinuousClock.now - start > .milliseconds(150))
            withExtendedLifetime(spawner) {}
        }

        @Test("a worker that is told done and stays is gone within a second", arguments: ["spin", "sleep"])
        func stays(_ delay: String) async throws {
            let workers = ScriptedWorkers()
            let node = try await LocalNode(modelURL: "http://127.0.0.1:9", timing: JobTiming(), spares: 0) {
                () throws(WorkerError) in try await workers.spawn()
            }
            let answer =
                #"send {"kind":"output","body":0,"exposureMicroseconds":1,"innerHash":"\#(String(repeating: "ab", count: 32))"}"#
            try workers.follow((["send " + Lie.ready] + Lie.working + [answer, delay]).joined(separator: "\n"))
            let start = ContinuousClock.now
            let entry = try await node.serveOneJob("mock", as: .verifier)
            #expect(entry.state == .computed)
            try await Security.wait(for: "it is reaped", within: 1) { !workers.process.exists }
            #expect(ContinuousClock.now - start < .seconds(3))
        }

        @Test("at its job's limit a worker is gone, even while the node waits for the network")
        func nodeWaits() async throws {
            let server = try UnansweringServer()
            var timing = JobTiming()
            timing.limit = .seconds(1)
            let workers = ScriptedWorkers()
            let node = try await LocalNode(modelURL: server.url, timing: timing, spares: 0) {
                () throws(WorkerError) in try await workers.spawn()
            }
            try workers.follow((["send " + Lie.ready] + Lie.working + [Lie.connect, "spin"]).joined(separator: "\n"))
            let start = ContinuousClock.now
            async let job = node.serveOneJob()
            try await Security.wait(for: "its worker lives", within: 2) { workers.hasStarted }
            try await Security.wait(for: "its worker is dead", within: 3) {
                !workers.process.exists || workers.process.isZombie
            }
            #expect(ContinuousClock.now - start < .seconds(2.5))
            let entry = try await job
            #expect(entry.failure == .outOfTime)
            // It was the node that waited.
            #expect(ContinuousClock.now - start > .seconds(3))
        }
    }
}

/// A port that neither takes a connection nor refuses one, as a host behind a silent firewall.
private final class UnansweringServer {
    let url: String
    private var sockets: [Int32] = []

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        sockets.append(listener)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutableBytes(of: &address) { bytes -> UInt16 in
            let generic = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            guard bind(listener, generic, size) == 0, listen(listener, 0) == 0,
                getsockname(listener, generic, &size) == 0
            else { return 0 }
            return UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        }
        url = "http://127.0.0.1:\(port)"
        try #require(port != 0)
        // A queue that is full drops what comes next.
        for _ in 0..<8 {
            let client = socket(
                AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            sockets.append(client)
            _ = withUnsafeBytes(of: &address) {
                Glibc.connect(client, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), size)
            }
        }
    }

    deinit { for socket in sockets { close(socket) } }
}
