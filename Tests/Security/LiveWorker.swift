import Foundation
import Glibc
import Inspection
import Shared
import Testing

#if arch(x86_64)
    /// A leader's worker that was brought to one moment of its job, and is seen to hold the secrets of that moment. Its
    /// arena is the readable one.
    final class LiveWorker {
        enum Moment: String, CaseIterable, Sendable {
            /// It waits for its material.
            case sealing
            /// The prompt has just been opened under its key.
            case opening
            /// Half of the answer has come.
            case answering
            /// It has its output key encrypted.
            case storing
        }

        let worker: RawWorker
        private(set) var canaries: [ScanOrder.Canary]
        private let view: ProcessView
        /// Where a fault strikes it.
        private enum Strike {
            case afterSystemCall(Int)
            case held(Hold)
        }
        /// recvmsg
        private var strike = Strike.afterSystemCall(47)
        /// Brings what it waits for.
        private var wake: () -> Void = {}

        init(at moment: Moment) throws {
            let (network, apiKey, prompt) = (RawWorker.Network.native, Canaries.text(), Canaries.text())
            worker = try RawWorker(under: Security.withoutSecretMemory)
            view = ProcessView(worker.pid)
            try worker.receive(.ready)
            try worker.send(.start, try network.leaderOrder().fields, body: Array(apiKey.utf8))
            let text = try worker.receive(.sealingKey).fields["public"]?.text
            let key = try #require(text.flatMap(Hexadecimal.decode))
            let secret = try #require(try Security.sealingSecret(of: worker.pid, publicKey: key))
            let sealed = try SealedPrompt("Tell \"nobody\": \(prompt)")
            canaries = [
                .init(.apiKey, text: apiKey), .init(.sealingSecret, bytes: secret), .init(.prompt, text: prompt),
                .init(.promptKey, bytes: sealed.key),
            ]
            switch moment {
            case .sealing:
                let worker = worker
                wake = { worker.push([0]) }
                try expectLive(.apiKey, .sealingSecret)
            case .opening:
                // One of them opens the prompt, whatever the processor can; behind them comes the wipe of what they leave.
                let ciphers = try ["crypto_aead_aes256gcm_decrypt_detached", "EVP_DecryptInit_ex"].map(view.hold)
                try worker.giveMaterial(sealed, publicKey: text, by: network)
                try RawWorker.wait { try ciphers.contains { $0.isReached } && areLive([.promptKey]) }
                strike = .held(try view.hold(at: "csystem_wipe_stack"))
                for cipher in ciphers { try cipher.release() }
                try expectLive(.apiKey, .prompt, .promptKey)
            case .answering, .storing:
                try worker.giveMaterial(sealed, publicKey: text, by: network)
                let model = try end("model")
                _ = try model.request(until: "\"stream\":false}")
                let answer = Canaries.text()
                canaries.append(.init(.answer, text: answer))
                // poll
                strike = .afterSystemCall(7)
                if moment == .answering {
                    model.beginAnswer(answer)
                    wake = { model.send(raw: "}") }
                    try expectLive(.apiKey, .prompt, .answer)
                } else {
                    model.answer(answer)
                    try worker.receive(.output)
                    let helper = try end("encryption")
                    canaries.append(.init(.outputKey, bytes: try helper.bytes(32)))
                    wake = { helper.send(bytes: [0]) }
                    try expectLive(.outputKey)
                }
            }
        }

        /// Its end, by the fault: 128 + a signal. Nil is a SIGKILL from outside.
        func die(of fault: PlantedFault?) throws -> Int32? {
            switch (fault, strike) {
            case (nil, _): kill(worker.pid, SIGKILL)
            case (let fault?, .held(let hold)): try hold.strike(fault)
            case (let fault?, .afterSystemCall(let number)):
                try RawWorker.wait { (try? view.plant(fault, afterSystemCall: number)) != nil }
                wake()
            }
            return worker.end()
        }

        /// What it asks for a connection to is the test.
        private func end(_ name: String) throws -> ModelEnd {
            try worker.receive(.connect)
            let end = try ModelEnd()
            try worker.send(.endpoint, [.init("endpoint", .string(name))], descriptor: end.workersEnd)
            return end
        }

        private func areLive(_ secrets: [Secret]) throws -> Bool {
            let arena = try Security.scan(ScanOrder(canaries, processes: [worker.pid])).arena(worker.pid)
            return secrets.allSatisfy { arena?.count($0.rawValue) ?? 0 > 0 }
        }

        private func expectLive(_ secrets: Secret...) throws { try RawWorker.wait { try areLive(secrets) } }
    }
#endif
