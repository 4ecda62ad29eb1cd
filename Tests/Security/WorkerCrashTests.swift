import Foundation
import Glibc
import Inspection
import Shared
import Testing

extension Security {
    /// The real worker, with prompt, answer and API key in its arena, dies of a real fault. Its arena is the readable one,
    /// so that the secrets are known to be there.
    @Suite("A worker's crash says nothing", .serialized) struct WorkerCrashTests {
        #if arch(x86_64)
            struct Death: Sendable, CustomTestStringConvertible {
                let testDescription: String
                /// Nil is a SIGKILL from outside.
                let fault: PlantedFault?
                let signal: Int32
            }

            static let deaths = [
                Death(testDescription: "trap", fault: .trap, signal: SIGILL),
                Death(testDescription: "breakpoint", fault: .breakpoint, signal: SIGTRAP),
                Death(testDescription: "segmentation fault", fault: .segmentation, signal: SIGSEGV),
                Death(testDescription: "stack overflow", fault: .stackOverflow, signal: SIGSEGV),
                // socket(2)
                Death(testDescription: "forbidden system call", fault: .systemCall(41), signal: SIGSYS),
                // Both call abort(), which sends a signal, which the filter does not allow.
                Death(testDescription: "abort", fault: .abort, signal: SIGSYS),
                Death(testDescription: "out of memory", fault: .outOfMemory, signal: SIGSYS),
                Death(testDescription: "kill", fault: nil, signal: SIGKILL),
            ]

            @Test("in the middle of a job it leaves no core and no byte on any disk", arguments: deaths)
            func middle(_ death: Death) throws {
                let footprint = Footprint()
                let (canary, answer, apiKey) = (Canaries.text(), Canaries.text(), Canaries.text())
                let sealed = try SealedPrompt("Tell \"nobody\": \(canary)")
                let canaries: [ScanOrder.Canary] = [
                    .init(.prompt, text: canary), .init(.answer, text: answer), .init(.apiKey, text: apiKey),
                    .init(.promptKey, bytes: sealed.key),
                ]
                let worker = try RawWorker(under: Security.withoutSecretMemory)
                try worker.give(sealed, backend: RawWorker.chat(), credential: Array(apiKey.utf8))
                try worker.receive(.connect)
                let model = try ModelEnd()
                try worker.send(.endpoint, [.init("endpoint", "model")], descriptor: model.workersEnd)
                _ = try model.request(until: "\"stream\":false}")
                model.beginAnswer(answer)
                // Prompt, key and half of the answer are live now.
                let live = [Secret.prompt, .answer, .apiKey]
                try WorkerCrashTests.wait {
                    let arena = try Security.scan(ScanOrder(canaries, processes: [worker.pid])).arena(worker.pid)
                    return live.allSatisfy { arena?.count($0.rawValue) ?? 0 > 0 }
                }
                if let fault = death.fault {
                    // 7 is poll.
                    try WorkerCrashTests.wait { (try? ProcessView(worker.pid).plant(fault, afterSystemCall: 7)) != nil }
                    model.send(raw: "}")
                } else {
                    kill(worker.pid, SIGKILL)
                }
                #expect(worker.end() == 128 + death.signal)
                #expect(worker.dumpedCore == false)
                try footprint.expectNothing(of: canaries, death.testDescription)
            }

            enum Moment: String, CaseIterable { case sealing, storing }

            @Test(
                "nor while it waits for its material, or has its output key encrypted", arguments: Moment.allCases)
            func otherMoments(_ moment: Moment) throws {
                let footprint = Footprint()
                let (network, apiKey) = (RawWorker.Network.native, Canaries.text())
                let worker = try RawWorker(under: Security.withoutSecretMemory)
                try worker.receive(.ready)
                try worker.send(.start, try network.leaderOrder().fields, body: Array(apiKey.utf8))
                let text = try worker.receive(.sealingKey).fields["public"]?.text
                let key = try #require(text.flatMap(Hexadecimal.decode))
                let secret = try #require(try Security.sealingSecret(of: worker.pid, publicKey: key))
                var canaries: [ScanOrder.Canary] = [.init(.apiKey, text: apiKey), .init(.sealingSecret, bytes: secret)]
                let (model, helper) = (try ModelEnd(), try ModelEnd())
                var live = Secret.sealingSecret
                if moment == .storing {
                    try worker.giveMaterial(try SealedPrompt("Why?"), publicKey: text, by: network)
                    try worker.receive(.connect)
                    try worker.send(.endpoint, [.init("endpoint", "model")], descriptor: model.workersEnd)
                    _ = try model.request(until: "\"stream\":false}")
                    model.answer("Because.")
                    try worker.receive(.output)
                    try worker.receive(.connect)
                    try worker.send(.endpoint, [.init("endpoint", "encryption")], descriptor: helper.workersEnd)
                    canaries.append(.init(.outputKey, bytes: try helper.bytes(32)))
                    live = .outputKey
                }
                let arena = try Security.scan(ScanOrder(canaries, processes: [worker.pid])).arena(worker.pid)
                #expect(arena?.count(live.rawValue) ?? 0 > 0)
                // It waits in recvmsg for its supervisor, and in poll for its helper.
                let call = moment == .sealing ? 47 : 7
                try WorkerCrashTests.wait {
                    (try? ProcessView(worker.pid).plant(.segmentation, afterSystemCall: call)) != nil
                }
                if moment == .sealing { worker.push([0]) } else { helper.send(bytes: [0]) }
                #expect(worker.end() == 128 + SIGSEGV)
                #expect(worker.dumpedCore == false)
                try footprint.expectNothing(of: canaries, moment.rawValue)
            }
        #endif

        /// For tests that must stay on the thread that started their worker.
        private static func wait(until condition: () throws -> Bool) throws {
            let end = ContinuousClock.now + .seconds(10)
            while try !condition() {
                try #require(ContinuousClock.now < end)
                usleep(5000)
            }
        }
    }
}
