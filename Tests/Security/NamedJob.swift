import Glibc
import Shared
import Testing

/// Jobs that together need every rule of the filter.
enum NamedJob: String, Sendable, CaseIterable {
    case mock = "a verifier's job with the mock"
    case chat = "a verifier's job with a chat model"
    case tls = "a verifier's job with a chat model over TLS"
    case leader = "a leader's job with an encryption service that stumbles once"
    case talkative = "a leader's job with an encryption service that answers at length"
    case clock = "a chat job where only the kernel can read the clock"

    /// Runs the job in a worker that lacks one rule; the worker's exit status.
    func status(without rule: String?, over model: TLSModelEnd?) throws -> Int32 {
        let argument = "\(rule ?? "-") \(model?.certificate ?? "-")\(self == .clock ? " clock" : "")"
        let worker = try RawWorker(Security.narrowed, argument: argument)
        // A worker that dies leaves its job unfinished; how it died is what is asked.
        do { try serve(worker, model) } catch RawWorker.Failure.hungUp where rule != nil {}
        return try #require(worker.end(within: 20))
    }

    private func serve(_ worker: RawWorker, _ model: TLSModelEnd?) throws {
        let prompt = try SealedPrompt(String(repeating: "What is a worker for? ", count: 2000))
        switch self {
        case .mock:
            try worker.give(prompt)
        case .chat, .clock:
            try worker.give(prompt, backend: RawWorker.chat())
            try worker.receive(.connect)
            let model = try ModelEnd()
            try worker.send(.endpoint, [.init("endpoint", "model")], descriptor: model.workersEnd)
            model.letGo()
            _ = try model.request(until: "\"stream\":false}")
            model.answer(String(repeating: "Nothing. ", count: 1000))
        case .tls:
            let model = try #require(model)
            try worker.give(prompt, backend: RawWorker.chat(tls: TLSModelEnd.host), credential: Array("key".utf8))
            try worker.receive(.connect)
            let descriptor = try model.connect()
            defer { close(descriptor) }
            try worker.send(.endpoint, [.init("endpoint", "model")], descriptor: descriptor)
            _ = try model.request(until: "\"stream\":false}", from: worker)
            try model.answer("Nothing.")
        case .leader, .talkative:
            try lead(worker, prompt)
            return
        }
        try worker.receive(.output)
        try worker.send(.done)
    }

    private func lead(_ worker: RawWorker, _ prompt: SealedPrompt) throws {
        try worker.receive(.ready)
        let endpoint = Endpoint(name: .encryption, host: "127.0.0.1", port: 9, path: "/", usesTLS: false)
        let order = JobOrder(
            role: .leader, modelID: "mock", seal: .hkdf, backend: .mock,
            encryption: .service(
                EncryptionService(
                    endpoint: endpoint, account: "0x" + String(repeating: "1", count: 40), timeout: 10_000)))
        try worker.send(.start, order.fields)
        try worker.giveMaterial(prompt, publicKey: try worker.receive(.sealingKey).fields["public"]?.text)
        try worker.receive(.output)
        // A proof beside the handle, say; nobody here needs it, but it is read.
        let more = self == .talkative ? #","proof":[\#(String(repeating: "0,", count: 20_000))0]"# : ""
        // The one that stumbles hangs up on the first connection.
        for attempt in (self == .leader ? 0 : 1)...2 {
            try worker.receive(.connect)
            let service = try ModelEnd()
            try worker.send(.endpoint, [.init("endpoint", "encryption")], descriptor: service.workersEnd)
            service.letGo()
            if attempt == 0 { continue }
            _ = try service.request(until: "\"]}")
            service.reply(#"{"jsonrpc":"2.0","id":1,"result":{"handle":"0x1\#(attempt)"\#(more)}}"#)
        }
        try worker.receive(.outputKey)
        try worker.send(.done)
    }
}
