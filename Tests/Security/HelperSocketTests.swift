import Foundation
import Inspection
import Shared
import TestNetwork
import Testing

extension Security {
    @Suite("The socket between a worker and its helper") struct HelperSocketTests {
        @Test("the supervisor holds neither end of it, and the helper has nothing else but the network's keys")
        func ends() async throws {
            let native = try await NativeNetworkBench()
            let node = try await native.node("leader")
            let folder = FileManager.default.temporaryDirectory.appending(path: "blindference-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
            // Takes its time, so that it can be looked at.
            let slow = folder.appending(path: "helper").path
            let helper = TestNetwork.binaries.appending(path: "blindference-devnet-helper").path
            _ = FileManager.default.createFile(
                atPath: slow, contents: Data("#!/bin/sh\nsleep 3\nexec \(helper) \"$@\"\n".utf8),
                attributes: [.posixPermissions: 0o755])
            let process = try await node.start(try native.settings(helper: slow))
            let question = try KnownQuestion(url: native.network.url, model: "mock", leader: node.address)
            let supervisor = ProcessView(process.pid)
            // A helper is tried out first, without a worker.
            try await Security.wait(for: "a worker has its end") {
                supervisor.children.contains { $0.descriptors.count == 5 }
            }
            let worker = try #require(supervisor.children.first { $0.descriptors.count == 5 })
            let running = try #require(
                supervisor.children.first { $0.descriptors[4]?.contains("cofhe-public-key") == true })
            let own = Set(supervisor.descriptors.values.filter { $0.hasPrefix("socket:") })
            let helpers = try #require(running.descriptors[3])
            let workers = Set(worker.descriptors.values.filter { $0.hasPrefix("socket:") })
            #expect(helpers.hasPrefix("socket:") && workers.count == 2, "its channel, and this")
            #expect(!own.contains(helpers))
            #expect(own.intersection(workers).isEmpty)
            let files = [4, 5].map { running.descriptors[$0] ?? "" }
            #expect(files[0].hasSuffix("/cofhe-public-key-421614") && files[1].hasSuffix("/cofhe-parameters-421614"))
            // The shell holds its script by another number as well.
            #expect(Set(running.descriptors.keys).isSubset(of: [0, 1, 2, 3, 4, 5, 6, 10]))
            try await Security.wait(for: "the answer is accepted") { question.isAccepted }
            #expect(!running.exists)
            process.signal(SIGTERM)
            #expect(try await process.end() == 0)
        }
    }
}
