import DevnetCore
import Foundation
import Inspection
import Shared
import Testing

extension Security {
    @Suite("What a worker's own memory shows") struct WorkerMemoryTests {
        private let canary = "canary" + Hexadecimal.encode(ToyCrypto.random(20))
        private let answer = "The answer is \(UUID().uuidString)"
        private let apiKey = "sk-" + Hexadecimal.encode(ToyCrypto.random(20))

        /// Of the regions that a process may read itself, root may not read these.
        private func expectHidden(_ scan: MemoryScan) {
            let arena = Security.kernelHasSecretMemory ? ["/secretmem (deleted)"] : []
            #expect(scan.unreadable.filter { !["[vvar]", "[vvar_vclock]", "[vsyscall]"].contains($0) } == arena)
            #expect(scan.bytesRead > 5 << 20)
        }

        @Test(
            "outside its secret arena a worker that waits for the model, and one that has answered, holds no plaintext")
        func duringAndAfter() throws {
            let prompt = "Tell \"nobody\"\n\(canary)"
            let sealed = try SealedPrompt(prompt)
            let worker = try RawWorker()
            try worker.give(sealed, backend: RawWorker.chat(), credential: Array(apiKey.utf8))
            try worker.receive(.connect)
            let model = try ModelEnd()
            try worker.send(.endpoint, [.init("endpoint", "model")], descriptor: model.workersEnd)
            let request = try model.request(until: "\"stream\":false}")
            #expect(request.contains(canary) && request.contains(apiKey))
            let secrets =
                Needle.spellings(of: canary, "prompt") + Needle.spellings(of: sealed.key, "prompt key")
                + Needle.spellings(of: sealed.high, "high half") + Needle.spellings(of: sealed.low, "low half")
                + Needle.spellings(of: apiKey, "API key") + Needle.spellings(of: answer, "answer")
                + [Needle("ciphertext", Array(sealed.blob.dropFirst(28)))]
            let seen = Needle("model name", Array("\"model\":\"slow\"".utf8))
            let during = try MemoryScan(ProcessView(worker.pid), for: secrets + [seen])
            #expect(during.hits.filter { $0.needle != seen.name }.isEmpty, "\(during.hits)")
            expectHidden(during)
            model.answer(answer)
            try worker.receive(.output)
            let after = try MemoryScan(ProcessView(worker.pid), for: secrets)
            #expect(after.hits.isEmpty, "\(after.hits)")
            expectHidden(after)
            // A scan that reaches what the worker read in the open.
            #expect(!during.hits(seen.name).isEmpty, "the scan does not see the worker's heap")
            try worker.send(.done)
            #expect(worker.end() == 0)
        }

        @Test("TLS keeps no plaintext outside the arena: the worker ends it, with its buffers wiped")
        func overTLS() async throws {
            let model = try await TLSModelEnd()
            // The worker belongs to the thread that starts it: no waiting in here.
            try overTLS(model)
        }

        private func overTLS(_ model: TLSModelEnd) throws {
            let sealed = try SealedPrompt(canary)
            // Its arena can be read, which tells when the answer has come.
            let worker = try RawWorker(under: Security.withoutSecretMemory, argument: model.certificate)
            try worker.give(sealed, backend: RawWorker.chat(tls: TLSModelEnd.host), credential: Array(apiKey.utf8))
            try worker.receive(.connect)
            let descriptor = try model.connect()
            try worker.send(.endpoint, [.init("endpoint", "model")], descriptor: descriptor)
            close(descriptor)
            #expect(try model.request(until: "\"stream\":false}").contains(canary))
            let secrets =
                Needle.spellings(of: canary, "prompt") + Needle.spellings(of: sealed.key, "prompt key")
                + Needle.spellings(of: apiKey, "API key") + Needle.spellings(of: answer, "answer")
            let seen = Needle("model name", Array("\"model\":\"slow\"".utf8))
            let view = ProcessView(worker.pid)
            func look() throws {
                let open = try MemoryScan(view, for: secrets + [seen]).hits.filter { !$0.isLocked }
                #expect(open.filter { $0.needle != seen.name }.isEmpty, "\(open)")
                #expect(open.contains { $0.needle == seen.name }, "the scan does not see the worker's heap")
            }
            try look()
            try model.answer(answer) {
                // It has the first record, and polls for the rest.
                try RawWorker.wait {
                    try !MemoryScan(view, for: secrets).hits("answer").isEmpty && view.isPolling
                }
                try look()
            }
            try worker.receive(.output)
            let after = try MemoryScan(ProcessView(worker.pid), for: secrets)
            #expect(after.hits.isEmpty, "\(after.hits)")
            try worker.send(.done)
            #expect(worker.end() == 0)
        }

        @Test("a job that fails over its answer sends a code and no plaintext")
        func failure() throws {
            let sealed = try SealedPrompt(canary)
            let worker = try RawWorker()
            try worker.give(sealed, backend: RawWorker.chat())
            try worker.receive(.connect)
            let model = try ModelEnd()
            try worker.send(.endpoint, [.init("endpoint", "model")], descriptor: model.workersEnd)
            _ = try model.request(until: "\"stream\":false}")
            let secrets = Needle.spellings(of: canary, "prompt") + Needle.spellings(of: sealed.key, "prompt key")
            // Half a surrogate pair.
            model.answer("\\ud800 \(canary)")
            let failed = try worker.receive(.failed)
            #expect(failed.body.isEmpty)
            for needle in secrets { #expect(!failed.fields.encoded().contains(needle.bytes)) }
            #expect(worker.end() == 0)
        }
    }
}

extension [UInt8] {
    /// Whether `other` stands anywhere in it.
    func contains(_ other: [UInt8]) -> Bool {
        guard other.count <= count else { return false }
        return (0...count - other.count).contains { self[$0..<$0 + other.count].elementsEqual(other) }
    }
}
