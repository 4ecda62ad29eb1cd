import CSystem
import Foundation
import Glibc
import Inspection
import Shared
import TestNetwork
import Testing

@testable import Supervisor

extension Security {
    @Suite("The proof before the first secret") struct ProofTests {
        /// A socket file where a false worker delivers a copy of its end of the channel.
        final class Observer: Sendable {
            let path = "/tmp/blf-observer-\(UUID().uuidString.prefix(8))"
            private let listener: Int32

            init() throws {
                listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
                var address = sockaddr_un()
                address.sun_family = sa_family_t(AF_UNIX)
                withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
                let isListening = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && listen(listener, 4) == 0
                    }
                }
                try #require(isListening)
            }

            deinit {
                close(listener)
                unlink(path)
            }

            /// Everything that was ever sent to the worker, once the supervisor has let go of it.
            func sent() throws -> [UInt8] {
                let connection = accept(listener, nil, nil)
                defer { close(connection) }
                var byte: UInt8 = 0
                var channel: Int32 = -1
                try #require(csystem_receive_descriptor(connection, &byte, 1, &channel) == 1 && channel >= 0)
                defer { close(channel) }
                var bytes = [UInt8](repeating: 0, count: 4096)
                var all: [UInt8] = []
                while true {
                    var state = pollfd(fd: channel, events: Int16(POLLIN), revents: 0)
                    try #require(poll(&state, 1, 5000) == 1, "the supervisor keeps the channel open")
                    let count = recv(channel, &bytes, bytes.count, 0)
                    if count <= 0 { return all }
                    all += bytes[..<count]
                }
            }
        }

        static let walls: [(left: String, named: WorkerProof.Wall)] = [
            ("seccomp", .seccomp), ("notTraced", .notTraced), ("notDumpable", .notDumpable),
            ("fileSizeLimit", .fileSizeLimit), ("lockedMemory", .lockedMemory),
        ]
        /// Others than root may not look at these, or have a worker that can start no thread.
        static let wallsOfRoot: [(left: String, named: WorkerProof.Wall)] = [
            ("singleThread", .singleThread), ("capabilities", .capabilities), ("descriptors", .descriptors),
            ("environment", .environment), ("rootIdentity", .notDumpable),
        ]

        @Test(
            "a worker that says it is ready but lacks one wall is refused by that wall's name, and hears nothing",
            arguments: walls)
        func refused(_ wall: (left: String, named: WorkerProof.Wall)) async throws {
            try await refuse(wall)
        }

        @Test(
            "and so is one that lacks a wall at which root alone may look, or is still root without any capability",
            arguments: wallsOfRoot)
        func refusedByRoot(_ wall: (left: String, named: WorkerProof.Wall)) async throws {
            try await refuse(wall)
        }

        private func refuse(_ wall: (left: String, named: WorkerProof.Wall)) async throws {
            let observer = try Observer()
            let spawner = try Security.spawner(Security.unconfined, argument: "\(wall.left):\(observer.path)")
            await #expect(throws: WorkerError.notConfined(wall.named)) { _ = try await spawner.spawn() }
            #expect(try observer.sent().isEmpty)
        }

        /// What the spawner itself builds, so that no worker can leave it out.
        static let spawners: [WorkerProof.Wall] = [
            .coreLimit, .processLimit, .descriptorLimit, .memoryLimit, .processorLimit,
        ]

        @Test("a process without one of the walls that the spawner builds is seen", arguments: spawners)
        func unspawned(_ wall: WorkerProof.Wall) async throws { try await seen(without: wall) }

        @Test("and so is one that could raise its rights, which root alone may filter")
        func unspawnedByRoot() async throws { try await seen(without: .noNewPrivileges) }

        private func seen(without wall: WorkerProof.Wall) async throws {
            let log = FileManager.default.temporaryDirectory.appending(path: "alone-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: log) }
            let child = try ChildProcess(URL(filePath: Security.unconfined), ["alone", wall.rawValue], output: log)
            defer { child.signal(SIGKILL) }
            let view = ProcessView(child.pid)
            try await Security.wait(for: "\(child.text)") {
                // The last thing that it does belongs to root, and its rights go before that.
                let owner = try? FileManager.default.attributesOfItem(atPath: view.path("status"))[.ownerAccountID]
                return owner as? Int == 0 && view.status["Seccomp"] == "2"
                    && view.status["CapEff"].map { Int($0, radix: 16) } == 0
            }
            #expect(throws: WorkerError.notConfined(wall)) { _ = try WorkerProof(pid: child.pid, arena: 0) }
        }

        @Test("each wall has a test of its absence")
        func complete() {
            let refused = (Self.walls + Self.wallsOfRoot).map(\.named)
            #expect(Set(refused + Self.spawners + [.noNewPrivileges]) == Set(WorkerProof.Wall.allCases))
        }

        @Test("a refused worker is gone at once")
        func gone() async throws {
            let before = Security.children.count
            let observer = try Observer()
            let spawner = try Security.spawner(Security.unconfined, argument: "seccomp:\(observer.path)")
            await #expect(throws: WorkerError.notConfined(.seccomp)) { _ = try await spawner.spawn() }
            try await Security.wait(for: "no child is left", within: 3) {
                // Fewer, where a worker of an earlier test was still to be reaped.
                Security.children.count <= before
            }
        }

        @Test("the observer sees bytes where a worker with all walls is sent some")
        func observerSees() async throws {
            let observer = try Observer()
            let spawner = try Security.spawner(Security.unconfined, argument: "none:\(observer.path)")
            do {
                let worker = try await spawner.spawn()
                try await worker.start(Security.order, credential: nil, deadline: .now + .seconds(5))
            }
            #expect(try observer.sent().count > 50)
            withExtendedLifetime(spawner) {}
        }

        @Test("a program that ends, says nothing sensible or is not there is no worker")
        func noWorker() async throws {
            await #expect(throws: WorkerError.notReady(status: 1)) {
                _ = try await Security.spawner("/bin/false").spawn()
            }
            #expect(throws: WorkerError.notStarted(errno: ENOENT)) { _ = try Security.spawner("/nowhere/worker") }
        }
    }
}
