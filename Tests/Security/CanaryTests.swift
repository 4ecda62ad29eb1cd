import DevnetCore
import Foundation
import Inspection
import Shared
import TestNetwork
import Testing

extension Security {
    /// Every secret and every place, against `CanaryRow`.
    @Suite("Canaries", .serialized) struct CanaryTests {
        @Test("a node at work holds each secret where the table has it, and nowhere else", .timeLimit(.minutes(2)))
        func node() async throws {
            let footprint = Footprint()
            let operatorSecrets = OperatorCanaries()
            let network = try await TestNetwork("--mock-key", operatorSecrets.attestationKey)
            let model = try SlowModel()
            let node = try await network.makeNode("canaries", privateKey: Hexadecimal.encode(operatorSecrets.walletKey))
            let process = try await operatorSecrets.start(node, model: model)
            let view = ProcessView(process.pid)
            var canaries =
                operatorSecrets.canaries + [
                    .init("address", text: node.address),
                    .init("keystore's address", text: String(node.address.dropFirst(2)).lowercased()),
                    .init("coordinator", text: network.url),
                    .init("program", text: "blindference-"), .init("worker's variable", text: "SWIFT_BACKTRACE"),
                ]
            let inspection = NodeInspection(node: view, folder: node.folder.path)
            try await inspection.settle(workers: 2)
            try inspection.look("after the start", canaries)
            let question = try KnownQuestion(url: network.url, model: "groq:llama", leader: node.address)
            try await Security.wait(for: "the worker asks the model") { model.asked == 1 }
            canaries +=
                question.canaries + [
                    .init(.answer, text: model.answer), .init("job id", text: question.jobID),
                ]
            // The one that holds a connection besides its four descriptors.
            let busy = view.children.filter { $0.descriptors.count == 5 }
            try #require(busy.count == 1)
            try await inspection.settle(workers: 3)
            try inspection.look("during a job", canaries, busy: (busy[0].pid, .askingArena, .askingMemory))
            try Security.lookAtSwap(
                of: [view] + view.children, "during a job", canaries, shows: ["address", "worker's variable"])
            model.release()
            try await Security.wait(for: "the answer is accepted") { question.isAccepted }
            let (answer, outputKey) = try question.read()
            #expect(answer == model.answer)
            try await Security.wait(for: "the worker is gone") { !busy[0].exists }
            canaries += [
                .init(.outputKey, bytes: outputKey), .init(.outputHigh, bytes: Array(outputKey[..<16])),
                .init(.outputLow, bytes: Array(outputKey[16...])),
            ]
            try await inspection.settle(workers: 2)
            try inspection.look("after a job", canaries)
            // Nothing of it went out either: what answered every request of the node's has not heard it.
            let heard = try Security.scan(ScanOrder(canaries, processes: [network.devnet.pid]))
            for place in [heard.memory(network.devnet.pid), heard.arena(network.devnet.pid)] {
                for secret in [Secret.walletKey, .walletDigits, .password] {
                    #expect(place?.count(secret.rawValue) == 0, "the coordinator knows the \(secret.rawValue)")
                }
            }
            #expect(heard.memory(network.devnet.pid)?.count("address") ?? 0 > 0)
            process.signal(SIGTERM)
            #expect(try await process.end() == 0)
            try inspection.lookAtFiles("after the end", canaries)
            try footprint.expectNothing(
                of: canaries.filter { Secret(rawValue: $0.name) != nil }, allowed: ["password", ".env"], "after the end"
            )
        }

        @Test(
            "while the network seals a job's key, its sealing secret is in its worker's arena alone; its permit never in a worker or a file",
            .timeLimit(.minutes(2)))
        func sealing() async throws {
            let operatorSecrets = OperatorCanaries()
            let native = try await NativeNetworkBench("--mock-key", operatorSecrets.attestationKey)
            let (footprint, model) = (Footprint(), try SlowModel())
            let node = try await native.node("canaries", privateKey: Hexadecimal.encode(operatorSecrets.walletKey))
            let process = try await operatorSecrets.start(
                node, model: model,
                settings: try native.settings().merging(["BLF_MAX_PROMPT_BYTES": "65536"]) { $1 })
            let view = ProcessView(process.pid)
            let inspection = NodeInspection(node: view, folder: node.folder.path)
            try await native.waitUntilHelperWasTried(by: node)
            try await inspection.settle(workers: 2)
            try native.holdSealing(1000)
            let question = try KnownQuestion(url: native.network.url, model: "groq:llama", leader: node.address)
            try await Security.wait(for: "the network is asked") { try native.permits().count >= 1 }
            try await inspection.settle(workers: 3)
            let publicKey = try #require(try native.sealingKeys().first)
            let sealing = try view.children.compactMap { worker in
                try Security.sealingSecret(of: worker.pid, publicKey: publicKey).map { (worker.pid, $0) }
            }
            try #require(sealing.count == 1)
            let (worker, secret) = sealing[0]
            var canaries =
                operatorSecrets.canaries + question.canaries + [
                    .init(.sealingSecret, bytes: secret), .init("address", text: node.address),
                    .init("keystore's address", text: String(node.address.dropFirst(2)).lowercased()),
                    .init("coordinator", text: native.network.url),
                    .init("program", text: "blindference-"), .init("worker's variable", text: "SWIFT_BACKTRACE"),
                ]
            try inspection.look("while its key is sealed", canaries, busy: (worker, .sealingArena, .sealingMemory))
            try Security.lookAtSwap(
                of: [view] + view.children, "while its key is sealed", canaries,
                shows: ["address", "worker's variable"])
            let permits = Set(try native.permits())
            let bearer = permits.map { ScanOrder.Canary("permit", bytes: $0) }
            let workers = view.children.map(\.pid)
            let seen = try Security.scan(ScanOrder(bearer, processes: [view.pid] + workers))
            #expect(seen.memory(view.pid)?.count("permit") ?? 0 > 0, "the scan sees the permit where it is made")
            for place in workers.flatMap({ [seen.arena($0), seen.memory($0)] }) {
                #expect(place?.count("permit") == 0)
            }
            try native.holdSealing(0)
            try await Security.wait(for: "the worker asks the model") { model.asked == 1 }
            // It has had all that comes of the permit.
            let report = try Security.scan(ScanOrder(canaries + bearer, processes: [worker]))
            let (arena, memory) = (report.arena(worker), report.memory(worker))
            Place.askingArena.check(arena, "while it asks", secrets: canaries.secrets)
            Place.askingMemory.check(memory, "while it asks", secrets: canaries.secrets, shows: ["program"])
            for place in [arena, memory] { #expect(place?.count("permit") == 0) }
            model.release()
            try await Security.wait(for: "the answer is accepted") { question.isAccepted }
            try await Security.wait(for: "the worker is gone") { !ProcessView(worker).exists }
            try await inspection.settle(workers: 2)
            // Now it is claimed, and in the journal.
            canaries += [.init(.answer, text: model.answer), .init("job id", text: question.jobID)]
            try inspection.look("after a job", canaries)
            process.signal(SIGTERM)
            #expect(try await process.end() == 0)
            try inspection.lookAtFiles("after the end", canaries)
            try footprint.expectNothing(
                of: canaries.filter { Secret(rawValue: $0.name) != nil }, allowed: ["password", ".env"], "after the end"
            )
            let needles = permits.flatMap { Needle.spellings(of: $0, "permit") }
            try SupervisorMemoryTests.expectClean(node.folder, of: needles)
        }

        @Test(
            "a worker holds each secret only while it needs it, and nothing after its wipe",
            arguments: RawWorker.Network.allCases)
        func worker(network: RawWorker.Network) throws {
            let (canary, answer, apiKey) = (Canaries.text(), Canaries.text(), Canaries.text())
            let prompt = "Tell \"nobody\"\n\(canary)\té 😀"
            let sealed = try SealedPrompt(prompt)
            let worker = try RawWorker(under: Security.withoutSecretMemory)
            #expect(try worker.receive(.ready).fields["arena"]?.text == "mlock")
            var canaries: [ScanOrder.Canary] = [
                .init(.prompt, text: canary), .init(.wholePrompt, text: prompt), .init(.promptKey, bytes: sealed.key),
                .init(.promptHigh, bytes: sealed.high), .init(.promptLow, bytes: sealed.low),
                .init(.answer, text: answer), .init(.apiKey, text: apiKey),
                .init("program", text: "blindference-worker"), .init("worker's variable", text: "SWIFT_BACKTRACE"),
            ]
            func look(_ moment: String, _ arena: Place, _ memory: Place) throws {
                let report = try Security.scan(ScanOrder(canaries, processes: [worker.pid]))
                arena.check(report.arena(worker.pid), moment, secrets: canaries.secrets)
                memory.check(report.memory(worker.pid), moment, secrets: canaries.secrets, shows: ["program"])
                try Security.lookAtSwap(
                    of: [ProcessView(worker.pid)], moment, canaries, shows: ["worker's variable"], megabytes: 32)
                // The arena is there, whole.
                #expect(report.arena(worker.pid)?.bytesRead ?? 0 >= Security.limits.arena)
            }
            try look("ready", .freshArena, .freshMemory)
            try worker.send(.start, try network.leaderOrder().fields, body: Array(apiKey.utf8))
            let publicKey = try worker.receive(.sealingKey).fields["public"]?.text
            let key = try #require(publicKey.flatMap(Hexadecimal.decode))
            canaries.append(
                .init(.sealingSecret, bytes: try #require(try Security.sealingSecret(of: worker.pid, publicKey: key))))
            try look("sealing", .sealingArena, .sealingMemory)
            try worker.giveMaterial(sealed, publicKey: publicKey, by: network)
            try worker.receive(.connect)
            let model = try ModelEnd()
            try worker.send(.endpoint, [.init("endpoint", "model")], descriptor: model.workersEnd)
            #expect(try model.request(until: "\"stream\":false}").contains(apiKey))
            try look("asking", .askingArena, .askingMemory)
            model.beginAnswer(answer)
            try RawWorker.wait {
                let live = try Security.scan(ScanOrder(canaries, processes: [worker.pid])).arena(worker.pid)
                return live?.count(Secret.answer.rawValue) ?? 0 > 0
            }
            try look("answering", .answeringArena, .answeringMemory)
            model.endAnswer()
            try worker.receive(.output)
            // The halves go to the encryption service or the helper, which is us.
            func lookWhileStoring(_ outputKey: [UInt8]) throws {
                canaries += [
                    .init(.outputKey, bytes: outputKey), .init(.outputHigh, bytes: Array(outputKey[..<16])),
                    .init(.outputLow, bytes: Array(outputKey[16...])),
                ]
                try look("storing", .storingArena, .storingMemory)
            }
            switch network {
            case .python: try serveHalves(of: worker, lookWhileStoring)
            case .native:
                try worker.receive(.connect)
                let helper = try ModelEnd()
                try worker.send(.endpoint, [.init("endpoint", "encryption")], descriptor: helper.workersEnd)
                try lookWhileStoring(try helper.bytes(32))
                helper.send(bytes: [0, 0, 0, 3, 7, 8, 9])
            }
            let packed = try worker.receive(.outputKey).body
            #expect(packed == (network == .native ? [7, 8, 9] : []))
            try look("wiped", .wipedArena, .wipedMemory)
            try worker.send(.done)
            #expect(worker.end() == 0)
        }

        #if arch(x86_64)
            @Test("a job's exposure ends when nothing of the job is left in its worker, and counts all time until then")
            func exposure() throws {
                let (prompt, answer, apiKey) = (Canaries.text(), Canaries.text(), Canaries.text())
                let (worker, model) = (try RawWorker(under: Security.withoutSecretMemory), try ModelEnd())
                let begin = ContinuousClock.now
                try worker.give(
                    try SealedPrompt(prompt), backend: RawWorker.chat(), credential: Array(apiKey.utf8))
                try worker.receive(.connect)
                try worker.send(.endpoint, [.init("endpoint", "model")], descriptor: model.workersEnd)
                _ = try model.request(until: "\"stream\":false}")
                // Where it takes the time.
                let end = try ProcessView(worker.pid).hold(at: "$s6Worker3JobV12outputFields*")
                usleep(100_000)
                model.answer(answer)
                try RawWorker.wait { end.isReached }
                let canaries: [ScanOrder.Canary] = [
                    .init(.prompt, text: prompt), .init(.answer, text: answer), .init(.apiKey, text: apiKey),
                    .init("program", text: "blindference-worker"),
                ]
                let report = try Security.scan(ScanOrder(canaries, processes: [worker.pid]))
                let secrets = canaries.secrets
                Place.wipedArena.check(report.arena(worker.pid), "exposure", secrets: secrets)
                Place.wipedMemory.check(
                    report.memory(worker.pid), "exposure", secrets: secrets, shows: ["program"])
                usleep(100_000)
                try end.release()
                let told = try #require(try worker.receive(.output).fields["exposureMicroseconds"]?.int)
                #expect(told >= 200_000 && .microseconds(told) <= ContinuousClock.now - begin)
            }
        #endif

        /// Plays the service of the python dialect, which sees the halves one after the other.
        private func serveHalves(of worker: RawWorker, _ look: ([UInt8]) throws -> Void) throws {
            var outputKey: [UInt8] = []
            for _ in 0..<2 {
                try worker.receive(.connect)
                let service = try ModelEnd()
                try worker.send(.endpoint, [.init("endpoint", "encryption")], descriptor: service.workersEnd)
                let request = try service.request(until: "\"]}")
                let digits = request.components(separatedBy: "[\"0x").last?.prefix { $0 != "\"" } ?? ""
                outputKey += Hexadecimal.decode(String(repeating: "0", count: 32 - digits.count) + digits) ?? []
                if outputKey.count == 32 { try look(outputKey) }
                service.reply(#"{"jsonrpc":"2.0","id":1,"result":{"handle":"0x0102"}}"#)
            }
        }

        @Test("the mock's answer and the digest that makes it are nowhere in a worker that has sent its hash")
        func mock() throws {
            let prompt = Canaries.text()
            let worker = try RawWorker(under: Security.withoutSecretMemory)
            try worker.give(try SealedPrompt(prompt))
            try worker.receive(.output)
            let digest = SHA256.hash(Array("mock:\(prompt)".utf8))
            let canaries: [ScanOrder.Canary] = [
                .init(.prompt, text: prompt), .init(.answer, bytes: digest),
                .init("program", text: "blindference-worker"),
            ]
            let report = try Security.scan(ScanOrder(canaries, processes: [worker.pid]))
            Place.wipedArena.check(report.arena(worker.pid), "mock", secrets: canaries.secrets)
            Place.wipedMemory.check(report.memory(worker.pid), "mock", secrets: canaries.secrets, shows: ["program"])
            try worker.send(.done)
            #expect(worker.end() == 0)
        }
    }
}
