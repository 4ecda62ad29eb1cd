import Foundation
import LocalNode
import Shared
import Testing

@testable import Supervisor

@Suite("Which model is served, and how")
struct ModelCatalogueTests {
    private func catalogue(_ values: [Setting: SettingValue], env: String = "") throws -> ModelCatalogue {
        let folder = try TemporaryFolder()
        try folder.write(".env", env)
        return try ModelCatalogue(
            try Configuration(directory: "/", values: values, notes: []),
            environment: try OperatorEnvironment(environmentFile: folder.path(".env")))
    }

    private func chat(_ service: ModelCatalogue.Service?) -> ChatOrder? {
        if case .chat(let order)? = service?.backend { order } else { nil }
    }

    @Test("without settings nothing is served: no mock stands in")
    func nothing() throws {
        let models = try catalogue([:])
        #expect(models.isEmpty)
        for id in ["mock", "groq:llama", "gemini:flash", "toy", ""] { #expect(models.service(for: id) == nil, "\(id)") }
    }

    @Test("the mock answers for exactly the ids that the operator named")
    func mock() throws {
        let models = try catalogue([.mockModelIDs: .list(["mock", "groq:mock"])], env: "GROQ_API_KEY=x")
        #expect(models.service(for: "mock")?.backend == .mock)
        #expect(models.service(for: "groq:mock")?.backend == .mock)
        #expect(models.service(for: "Mock") == nil)
        #expect(models.service(for: "mock:x") == nil)
    }

    @Test("a provider's models need that provider's key, which goes to no other")
    func providers() throws {
        let models = try catalogue([:], env: "GROQ_API_KEY=groq-key")
        let groq = models.service(for: "groq:llama-3.3-70b-versatile")
        #expect(chat(groq)?.dialect == .groq)
        #expect(chat(groq)?.model == "llama-3.3-70b-versatile")
        #expect(chat(groq)?.endpoint.host == "api.groq.com")
        #expect(chat(groq)?.endpoint.path == "/openai/v1/chat/completions")
        #expect(groq?.credential?.bytes.withBytes { Array($0) } == Array("groq-key".utf8))
        #expect(models.service(for: "gemini:gemini-2.5-flash") == nil)
        #expect(models.service(for: "groq:") == nil)
        #expect(models.service(for: "llama-3.3-70b-versatile") == nil)
        #expect(models.usesTLS)
        let google = try catalogue([:], env: "GOOGLE_API_KEY=google-key")
        #expect(
            chat(google.service(for: "gemini:gemini-2.5-flash"))?.endpoint.path
                == "/v1beta/models/gemini-2.5-flash:generateContent")
        #expect(google.service(for: "groq:x") == nil)
    }

    @Test("a local server serves the ids named for it, without TLS on this machine")
    func local() throws {
        let models = try catalogue([
            .openaiBaseURL: .text("http://127.0.0.1:8080/v1"), .openaiModelIDs: .list(["toy"]),
            .openaiMaxTokens: .integer(99),
        ])
        let order = chat(models.service(for: "toy"))
        #expect(order?.dialect == .openai)
        #expect(order?.endpoint.path == "/v1/chat/completions")
        #expect(order?.endpoint.port == 8080)
        #expect(order?.maximumTokens == 99)
        #expect(models.service(for: "other") == nil)
        #expect(!models.usesTLS)
        #expect(models.advertised == ["toy"])
    }

    @Test("the operator's list of supported models limits everything else, and is what is advertised")
    func allowed() throws {
        let models = try catalogue(
            [.mockModelIDs: .list(["a", "b"]), .supportedModelIDs: .list(["b", "groq:x"])], env: "GROQ_API_KEY=k")
        #expect(models.service(for: "a") == nil)
        #expect(models.service(for: "b") != nil)
        #expect(models.service(for: "groq:x") != nil)
        #expect(models.service(for: "groq:y") == nil)
        #expect(models.advertised == ["b", "groq:x"])
    }

    @Test("a model name never changes the path it is asked under")
    func hostileName() throws {
        let models = try catalogue([:], env: "GOOGLE_API_KEY=k")
        for name in ["gemini:../../v1/steal", "gemini:a/b", "gemini:a?key=x", "gemini:a#b", "gemini:a\r\nHost: x"] {
            let path = chat(models.service(for: name))?.endpoint.path
            #expect(path == nil || path!.split(separator: "/").count == 3, "\(name) \(path ?? "-")")
            #expect(path == nil || !path!.contains { "?#\r\n".contains($0) }, "\(name) \(path ?? "-")")
        }
    }
}
