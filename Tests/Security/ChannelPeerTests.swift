import CProbes
import CSystem
import Foundation
import Glibc
import Inspection
import Shared
import Synchronization
import Testing

@testable import Supervisor

/// What no confined worker could send, for its filter: the supervisor is held to it all the same.
extension Security {
    @Suite("A channel's other end without walls") struct ChannelPeerTests {
        @Test("a descriptor that comes with a frame is dropped by the kernel, the frame is read")
        func descriptor() async throws {
            let peer = try ChannelPeer()
            var ends: [Int32] = [-1, -1]
            try #require(Glibc.pipe(&ends) == 0)
            defer { close(ends[0]) }
            let before = ProcessView(getpid()).descriptors.count
            let ready = FrameHeader(.ready).encoded()
            for bytes in [ready[..<1], ready[1...]] {
                let sent = cprobes_send_descriptors(peer.channel, Array(bytes), bytes.count, [ends[1], ends[1]], 2)
                try #require(sent == bytes.count)
            }
            let (header, _) = try await peer.worker.receive(deadline: .now + .seconds(5))
            #expect(header.kind == .ready)
            #expect(ProcessView(getpid()).descriptors.count == before)
            close(ends[1])
            // The last writer is gone: the copies in flight were closed too.
            var waiting = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
            #expect(Glibc.poll(&waiting, 1, 1000) == 1 && waiting.revents & Int16(POLLHUP) != 0)
        }

        @Test("a worker that closes its half of the channel and lives on is ended within a second and a half")
        func halfClosed() async throws {
            let peer = try ChannelPeer()
            shutdown(peer.channel, Int32(SHUT_WR))
            let start = ContinuousClock.now
            await #expect(throws: WorkerError.channel(.closed)) {
                try await peer.worker.receive(deadline: .now + .seconds(5))
            }
            #expect(WorkerError.channel(.closed).jobFailure == .workerMisbehaved)
            try await Security.wait(for: "it is gone", within: 1) { !peer.worker.isAlive }
            #expect(ContinuousClock.now - start < .seconds(1.5))
        }

        @Test("a worker that takes nothing holds a send up to its deadline, no longer")
        func neverReads() async throws {
            let peer = try ChannelPeer()
            let start = ContinuousClock.now
            await #expect(throws: WorkerError.channel(.timedOut)) {
                try await peer.worker.send(
                    .material, body: [[UInt8](repeating: 0, count: 8 << 20)], deadline: .now + .milliseconds(300))
            }
            #expect(ContinuousClock.now - start < .seconds(1))
            try await Security.wait(for: "it is gone", within: 1) { !peer.worker.isAlive }
        }

        @Test("asking for a worker's proof never waits for the worker")
        func proofWhileWaiting() async throws {
            let peer = try ChannelPeer()
            let worker = peer.worker
            let waiting = Task { try? await worker.receive(deadline: .now + .seconds(2)) }
            // By now, or soon, the queue waits in that call.
            for _ in 0..<50 {
                let start = ContinuousClock.now
                _ = peer.worker.receipt
                #expect(ContinuousClock.now - start < .milliseconds(500))
                try await Task.sleep(for: .milliseconds(2))
            }
            peer.worker.kill()
            _ = FrameHeader(.ready).encoded().withUnsafeBytes { write(peer.channel, $0.baseAddress, $0.count) }
            _ = await waiting.value
        }

        @Test("letting go of a worker that cannot die yet takes no time, and it is reaped when it has")
        func lettingGo() async throws {
            let own = ProcessView(getpid())
            let before = own.descriptors.count
            let held = Mutex<ChannelPeer?>(try ChannelPeer())
            let pid = try #require(held.withLock { $0?.worker.pid })
            let holder = cprobes_hold(pid)
            try #require(holder > 0)
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                held.withLock { $0 = nil }
                done.signal()
            }
            #expect(Self.wait(done, .milliseconds(500)), "letting go waited")
            // Until its tracer goes, it is dead and not to be reaped.
            try await Security.wait(for: "it is dead", within: 2) { ProcessView(pid).isZombie }
            cprobes_release(holder)
            try await Security.wait(for: "it is reaped", within: 2) { !ProcessView(pid).exists }
            try await Security.wait(for: "its pidfd is closed", within: 2) { own.descriptors.count <= before }
        }

        private static func wait(_ semaphore: DispatchSemaphore, _ limit: DispatchTimeInterval) -> Bool {
            semaphore.wait(timeout: .now() + limit) == .success
        }
    }
}

/// A supervisor's worker whose process sleeps, and whose channel the test holds.
private final class ChannelPeer: Sendable {
    let worker: Worker
    let channel: Int32

    init() throws {
        var sockets: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &sockets) == 0)
        let program = open("/bin/sleep", O_RDONLY | O_CLOEXEC)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer {
            close(program)
            close(null)
        }
        try #require(program >= 0 && null >= 0)
        _ = fcntl(sockets[0], F_SETFL, O_NONBLOCK)
        let arguments: [UnsafeMutablePointer<CChar>?] =
            (["sleep", "60"] as [String]).map { strdup($0) as UnsafeMutablePointer<CChar>? } + [nil]
        defer { for text in arguments { free(text) } }
        var pidfd: Int32 = -1
        let pid = arguments.withUnsafeBufferPointer { arguments in
            [UnsafeMutablePointer<CChar>?.none].withUnsafeBufferPointer { environment in
                var order = csystem_spawn(
                    executable: program, arguments: arguments.baseAddress, environment: environment.baseAddress,
                    channel: null, more: nil, more_count: 0, is_guest: 0, address_space: 1 << 30, guest_memory: 0,
                    file_size: 0, cpu_seconds: 60, world: nil)
                return csystem_spawn(&order, &pidfd)
            }
        }
        try #require(pid > 0)
        let manifest = SandboxManifest(
            worker: [], landlock: LandlockRules(abi: 0), arena: Security.limits.arena, required: [])
        worker = Worker(
            pid: pid, pidfd: pidfd, channel: sockets[0], limits: Security.limits, manifest: manifest)
        channel = sockets[1]
    }

    deinit { close(channel) }
}
