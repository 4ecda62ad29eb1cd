import Foundation
import Glibc
import Inspection
import Shared
import Testing

extension Security {
    @Suite("One process a job") struct OneJobTests {
        private let prompt = "What is a worker for? \(UUID().uuidString)"

        @Test("a worker that was told done ends with status 0 and is gone")
        func done() throws {
            let worker = try RawWorker()
            try worker.give(SealedPrompt(prompt))
            let hash = try worker.receive(.output).fields["innerHash"]?.text
            let digest = Hexadecimal.encode(SHA256.hash(Array("mock:\(prompt)".utf8)))
            #expect(hash == Hexadecimal.encode(SHA256.hash(Array("MOCK_OUTPUT_\(digest)".utf8))))
            try worker.send(.done)
            #expect(worker.end() == 0)
            #expect(try worker.next() == nil)
        }

        @Test(
            "a second order on the channel of a used worker ends it, at every point of the first job", arguments: 0...2)
        func secondStart(_ point: Int) throws {
            let worker = try RawWorker()
            let sealed = try SealedPrompt(prompt)
            try worker.receive(.ready)
            try worker.send(.start, Security.order.fields)
            let key = try worker.receive(.sealingKey).fields["public"]?.text
            if point > 0 {
                try worker.giveMaterial(sealed, publicKey: key)
                try worker.receive(.output)
            }
            // At point 2 the order comes together with `done`, before the worker can close its channel.
            let done = point == 2 ? FrameHeader(.done).encoded() : []
            try worker.send(raw: done + FrameHeader(.start, fields: Security.order.fields).encoded())
            #expect(worker.end() == (point == 2 ? 0 : 65))
            #expect(try worker.next() == nil, "no second sealing key")
        }

        @Test("two workers never offer the same sealing key")
        func freshKeys() throws {
            var keys: Set<String> = []
            for _ in 0..<8 {
                let worker = try RawWorker()
                try worker.receive(.ready)
                try worker.send(.start, Security.order.fields)
                keys.insert(try #require(try worker.receive(.sealingKey).fields["public"]?.text))
            }
            #expect(keys.count == 8)
        }

        @Test("material sealed to one worker is of no use to another")
        func foreignMaterial() throws {
            let sealed = try SealedPrompt(prompt)
            let (first, second) = (try RawWorker(), try RawWorker())
            for worker in [first, second] {
                try worker.receive(.ready)
                try worker.send(.start, Security.order.fields)
            }
            let key = try first.receive(.sealingKey).fields["public"]?.text
            try second.receive(.sealingKey)
            try second.giveMaterial(sealed, publicKey: key)
            #expect(try second.receive(.failed).fields["code"]?.text == JobFailure.sealedValueUnreadable.rawValue)
            #expect(second.end() == 0)
        }

        @Test("a worker whose supervisor hangs up ends by itself")
        func hangUp() throws {
            let worker = try RawWorker()
            try worker.receive(.ready)
            #expect(ProcessView(worker.pid).exists)
            worker.hangUp()
            #expect(worker.end() == 64)
        }
    }
}
