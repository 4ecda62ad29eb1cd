import DevnetCore
import Foundation
import Glibc
import Inspection
import Shared
import TestNetwork
import Testing

extension Security {
    @Suite("A worker's helper, and the socket between them", .serialized) struct HelperSocketTests {
        @Test("the supervisor holds neither end of it, and the helper has nothing else but the network's keys")
        func ends() async throws {
            let bench = try await HelperInspection()
            let (worker, helper) = try await bench.busy()
            // By then it has begun, and all that it opens for that is closed again.
            _ = try await bench.key(heldBy: helper)
            let helpers = try #require(helper.descriptors[3])
            let workers = Set(worker.descriptors.values.filter { $0.hasPrefix("socket:") })
            #expect(helpers.hasPrefix("socket:") && workers.count == 2, "its channel, and this")
            // It passes the worker's end on, and lets go of it a moment later.
            try await Security.wait(for: "the supervisor has neither", within: 1) {
                workers.union([helpers]).isDisjoint(with: bench.supervisor.descriptors.values)
            }
            let files = [4, 5].map { helper.descriptors[$0] ?? "" }
            #expect(files[0].hasSuffix("/cofhe-public-key-421614") && files[1].hasSuffix("/cofhe-parameters-421614"))
            #expect(Set(helper.descriptors.keys) == [0, 1, 2, 3, 4, 5, 6])
            bench.release()
            try await Security.wait(for: "the answer is accepted") { bench.question.isAccepted }
            try await Security.wait(for: "the helper is gone") { !helper.exists }
            try await bench.stop()
        }

        @Test("a helper holds the key that it encrypts, and no other secret, in no spelling")
        func canaries() async throws {
            let bench = try await HelperInspection()
            let (_, helper) = try await bench.busy()
            let seen = Needle("mark", Array("held key: ".utf8))
            var memory: [UInt8] = []
            try await Security.wait(for: "the helper holds the key") {
                memory = HelperInspection.memory(of: helper)
                return !NeedleSet([seen]).names(in: memory).isEmpty
            }
            let permits = try bench.permits().flatMap { Needle.spellings(of: $0, "permit") }
            #expect(!permits.isEmpty)
            let others = bench.question.needles + bench.question.digestNeedles(model: "mock") + permits
            let key = try await bench.key(heldBy: helper)
            let canaries =
                bench.question.canaries + bench.operatorsCanaries + [
                    .init(.outputKey, bytes: key), .init(.outputHigh, bytes: Array(key[..<16])),
                    .init(.outputLow, bytes: Array(key[16...])),
                ]
            let report = try Security.scan(ScanOrder(canaries, processes: [helper.pid, bench.supervisor.pid]))
            Place.helperMemory.check(report.memory(helper.pid), "at work", secrets: canaries.secrets)
            Place.supervisorMemory.check(
                report.memory(bench.supervisor.pid), "while a helper encrypts", secrets: canaries.secrets)
            #expect(report.arena(helper.pid)?.bytesRead == 0, "none of it is locked")
            #expect(NeedleSet(others).names(in: memory) == [])
            for place in ["cmdline", "environ"] {
                #expect(NeedleSet(others).names(in: Array(helper.text(place).utf8)) == [])
            }
            bench.release()
            try await Security.wait(for: "the answer is accepted") { bench.question.isAccepted }
            let (answer, outputKey) = try bench.question.read()
            #expect(NeedleSet([Needle("output key", outputKey)]).names(in: memory) == ["output key"])
            #expect(NeedleSet(Needle.spellings(of: answer, "answer")).names(in: memory) == [])
            // What is known of the key by now is still nowhere else.
            #expect(outputKey == key)
            let spellings =
                Needle.spellings(of: outputKey, "output key") + Needle.spellings(of: Array(outputKey[..<16]), "high")
                + Needle.spellings(of: Array(outputKey[16...]), "low")
            let scan = try MemoryScan(bench.supervisor, for: spellings)
            for needle in spellings { #expect(scan.hits(needle.name).isEmpty, "\(scan.hits(needle.name))") }
            try await bench.stop()
        }

        /// No answer: it lives on, and says nothing.
        private static let answers: [(bytes: [UInt8]?, code: JobFailure)] = [
            (nil, .encryptionTimedOut),
            ([], .encryptionUnreachable), ([0, 0, 0], .encryptionUnreachable),
            ([0, 0, 0, 4, 1, 2], .encryptionUnreachable),
            ([0, 0, 0, 0], .encryptionFailed), ([0, 0x10, 0, 1], .encryptionFailed),
            ([255, 255, 255, 255], .encryptionFailed),
        ]

        @Test(
            "a helper that goes, stays silent, or answers nothing or too much, ends its job with a code",
            arguments: answers.indices)
        func useless(index: Int) throws {
            let (answer, code) = Self.answers[index]
            let (network, worker) = (RawWorker.Network.native, try RawWorker())
            try worker.receive(.ready)
            try worker.send(.start, try network.leaderOrder(helperTimeout: answer == nil ? 300 : 30_000).fields)
            let key = try worker.receive(.sealingKey).fields["public"]?.text
            try worker.giveMaterial(try SealedPrompt("a question"), publicKey: key, by: network)
            try worker.receive(.connect)
            let model = try ModelEnd()
            try worker.send(.endpoint, [.init("endpoint", "model")], descriptor: model.workersEnd)
            _ = try model.request(until: "\"stream\":false}")
            model.answer("an answer")
            try worker.receive(.output)
            try worker.receive(.connect)
            var helper: ModelEnd? = try ModelEnd()
            try worker.send(.endpoint, [.init("endpoint", "encryption")], descriptor: helper?.workersEnd ?? -1)
            _ = try helper?.bytes(32)
            if let answer {
                helper?.send(bytes: answer)
                helper = nil
            }
            #expect(try worker.receive(.failed).fields["code"]?.text == code.rawValue)
            #expect(worker.end() == 0)
            withExtendedLifetime(helper) {}
        }

        #if arch(x86_64)
            enum Victim: String, CaseIterable { case worker, helper, supervisor }

            @Test(
                "whichever of the three crashes at its work: no core, and no byte of prompt, keys or permit on any disk"
            )
            func crash() async throws {
                // Each waits for its node most of the time.
                try await withThrowingDiscardingTaskGroup { group in
                    for victim in Victim.allCases { group.addTask { try await HelperSocketTests.crash(victim) } }
                }
            }

            private static func crash(_ victim: Victim) async throws {
                let footprint = Footprint()
                let bench = try await HelperInspection()
                let (worker, helper) = try await bench.busy()
                let permits = try bench.permits()
                #expect(!permits.isEmpty)
                let outputKey = try await bench.key(heldBy: helper)
                let canaries =
                    bench.question.canaries + permits.map { .init("permit", bytes: $0) } + [
                        .init(.outputKey, bytes: outputKey), .init(.outputHigh, bytes: Array(outputKey[..<16])),
                        .init(.outputLow, bytes: Array(outputKey[16...])),
                    ]
                // Worker and supervisor wait in poll, the helper sleeps.
                let (process, call) =
                    switch victim {
                    case .worker: (worker, 7)
                    case .helper: (helper, 230)
                    case .supervisor: (bench.supervisor, 7)
                    }
                // The thread that crashes may be one that works where no core can be written: what counts is the limit. A
                // helper's starts no program that would take its core.
                for (process, limit) in [(worker, "0"), (helper, "1"), (bench.supervisor, "1")] {
                    #expect(process.limits["Max core file size"]?.hard == limit, "\(process.name)")
                }
                try process.plant(.segmentation, afterSystemCall: call)
                // What they wait for comes.
                bench.release()
                try await Security.wait(for: "\(victim) is gone", within: 20) { !process.exists || process.isZombie }
                if victim != .helper {
                    try await Security.wait(for: "the helper is gone", within: 3) { !helper.exists }
                }
                if victim == .supervisor {
                    #expect(try await bench.end() == 128 + SIGSEGV)
                } else {
                    try await bench.stop()
                }
                try footprint.expectNothing(of: canaries, victim.rawValue)
                // The node's folder, where a core would be, is there until here.
                withExtendedLifetime(bench) {}
            }
        #endif
    }
}

/// A node whose helper, at work on one job, holds the key until it is told to go on.
private final class HelperInspection {
    let supervisor: ProcessView
    let question: KnownQuestion
    private let native: NativeNetworkBench
    private let process: ChildProcess
    /// While this file is there, helpers wait.
    private let gate: String
    private let (walletKey, apiKey) = (ToyCrypto.random(32), Canaries.text())
    private let folder = FileManager.default.temporaryDirectory.appending(path: "blindference-\(UUID().uuidString)")

    init() async throws {
        native = try await NativeNetworkBench()
        let node = try await native.node("leader", privateKey: Hexadecimal.encode(walletKey))
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        // Where nobody's account may run it: the checkout may be closed to others.
        let program = folder.appending(path: "devnet-helper")
        try FileManager.default.copyItem(
            at: TestNetwork.binaries.appending(path: "blindference-devnet-helper").resolvingSymlinksInPath(),
            to: program)
        let holding = folder.appending(path: "helper").path
        gate = folder.appending(path: "gate").path
        _ = FileManager.default.createFile(
            atPath: holding, contents: Data(HelperInspection.script(around: program.path, gate: gate).utf8),
            attributes: [.posixPermissions: 0o755])
        process = try await node.start(
            try native.settings(helper: holding).merging(["GROQ_API_KEY": apiKey]) { $1 })
        supervisor = ProcessView(process.pid)
        try await native.waitUntilHelperWasTried(by: node)
        _ = FileManager.default.createFile(atPath: gate, contents: nil)
        question = try KnownQuestion(url: native.network.url, model: "mock", leader: node.address)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Holds the key behind a mark that stands nowhere in the program, then has the devnet's helper do the work.
    private static func script(around program: String, gate: String) -> String {
        """
        #!/usr/bin/env python3
        import os, socket, sys, time
        key = b""
        while len(key) < 32:
            key += os.read(3, 32 - len(key))
        held = bytes(reversed(b" :yek dleh")) + key
        end = time.time() + 60
        while os.path.exists("\(gate)") and time.time() < end:
            time.sleep(0.02)
        ours, theirs = socket.socketpair()
        if os.fork() == 0:
            os.dup2(theirs.fileno(), 3)
            os.execv("\(program)", ["helper"] + sys.argv[1:])
        theirs.close()
        os.write(ours.fileno(), key)
        packed = b""
        while chunk := os.read(ours.fileno(), 65536):
            packed += chunk
        os.write(3, packed)

        """
    }

    /// What the operator keeps secret.
    var operatorsCanaries: [ScanOrder.Canary] {
        [
            .init(.walletKey, bytes: walletKey), .init(.password, text: "password of leader"),
            .init(.apiKey, text: apiKey),
        ]
    }

    func release() { try? FileManager.default.removeItem(atPath: gate) }

    /// The worker that waits for its helper, and the helper.
    func busy() async throws -> (worker: ProcessView, helper: ProcessView) {
        var found: (worker: ProcessView, helper: ProcessView)?
        try await Security.wait(for: "a worker has its end") {
            let children = supervisor.children
            // A child that has only just begun has other descriptors for a moment.
            let worker = children.first { $0.descriptors.count == 5 && $0.descriptors[4]?.hasPrefix("socket:") == true }
            let helper = children.first { $0.descriptors[4]?.contains("cofhe-public-key") == true }
            if let worker, let helper { found = (worker, helper) }
            return found != nil
        }
        return try #require(found)
    }

    func stop() async throws {
        release()
        process.signal(SIGTERM)
        #expect(try await process.end() == 0)
    }

    func end() async throws -> Int32 { try await process.end() }

    /// Signatures of all permits that came to the network.
    func permits() throws -> [[UInt8]] { try native.permits() }

    /// What stands behind the helper's mark.
    func key(heldBy helper: ProcessView) async throws -> [UInt8] {
        let mark = Data("held key: ".utf8)
        var key: [UInt8] = []
        try await Security.wait(for: "the helper holds the key") {
            let memory = Data(HelperInspection.memory(of: helper))
            guard let range = memory.range(of: mark), memory.count >= range.upperBound + 32 else { return false }
            key = [UInt8](memory[range.upperBound..<range.upperBound + 32])
            return true
        }
        return key
    }

    /// All that can be written to.
    static func memory(of process: ProcessView) -> [UInt8] {
        guard let file = FileHandle(forReadingAtPath: process.path("mem")) else { return [] }
        defer { try? file.close() }
        var bytes: [UInt8] = []
        for line in process.text("maps").split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 2)
            let ends = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            guard words.count > 1, words[1].hasPrefix("rw"), ends.count == 2, ends[1] - ends[0] < 64 << 20,
                (try? file.seek(toOffset: ends[0])) != nil,
                let part = try? file.read(upToCount: Int(ends[1] - ends[0]))
            else { continue }
            bytes += part
        }
        return bytes
    }
}
