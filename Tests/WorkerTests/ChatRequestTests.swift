import Shared
import Testing

@testable import Worker

@Suite("Model requests and answers")
struct ChatRequestTests {
    private func secret(_ text: String) throws -> SecretBytes {
        var secret = try SecretBytes(capacity: max(text.utf8.count, 1))
        try secret.append(public: text.utf8)
        return secret
    }

    private func body(_ dialect: ChatOrder.Dialect, id: String, name: String, prompt: String) throws -> JSONValue {
        let endpoint = Endpoint(name: .model, host: "localhost", port: 1, path: "/", usesTLS: false)
        let order = ChatOrder(dialect: dialect, model: name, endpoint: endpoint, maximumTokens: 77, timeout: 1)
        let request = ChatRequest(order, modelID: id, prompt: try secret(prompt))
        let escaped = JSONValue.string(prompt).encoded().dropFirst().dropLast()
        return try JSONValue(parsing: Array(request.before.utf8) + escaped + Array(request.after.utf8))
    }

    @Test("a Groq request is what the published node sends")
    func groq() throws {
        let prompt = "What is\n\"two\"?"
        let digest = Hexadecimal.encode(SHA256.hash(Array("groq:llama:\(prompt)".utf8)))
        let expected: JSONValue = [
            "model": "llama",
            "messages": [
                [
                    "role": "system",
                    "content":
                        "You are a helpful assistant. Answer the user's question directly and accurately. Be concise.",
                ],
                ["role": "user", "content": .string("[seed_anchor:\(digest.prefix(16))]\n\n\(prompt)")],
            ],
            "temperature": .number("0.0"), "max_completion_tokens": 512, "seed": 42,
        ]
        #expect(try body(.groq, id: "groq:llama", name: "llama", prompt: prompt) == expected)
    }

    @Test("a Gemini request is what the published node sends")
    func gemini() throws {
        let digest = Hexadecimal.encode(SHA256.hash(Array("gemini:g:hi".utf8)))
        let expected: JSONValue = [
            "contents": [["role": "user", "parts": [["text": .string("[seed_anchor:\(digest.prefix(16))]\n\nhi")]]]],
            "generationConfig": ["temperature": .number("0.0"), "maxOutputTokens": 512],
        ]
        #expect(try body(.gemini, id: "gemini:g", name: "g", prompt: "hi") == expected)
    }

    @Test("other servers get the bare prompt and fixed sampling")
    func openai() throws {
        let expected: JSONValue = [
            "model": "gemma", "messages": [["role": "user", "content": "hi"]], "temperature": 0, "top_p": 1, "seed": 42,
            "max_tokens": 77, "cache_prompt": false, "stream": false,
        ]
        #expect(try body(.openai, id: "gemma", name: "gemma", prompt: "hi") == expected)
    }

    @Test("the mock's answer is the hash of model id and prompt")
    func mock() throws {
        let answer = try MockBackend.answer(modelID: "groq:m", prompt: try secret("hi"))
        let digest = Hexadecimal.encode(SHA256.hash(Array("groq:m:hi".utf8)))
        #expect(answer.withBytes { String(decoding: $0, as: UTF8.self) } == "MOCK_OUTPUT_" + digest)
    }

    private let path: [JSONAnswer.Step] = [.key("choices"), .first, .key("message"), .key("content")]

    @Test("the answer is found and unescaped")
    func answers() throws {
        let text =
            #"{"id":{"content":"no"},"choices":[{"message":{"role":"a","content":"é \"q\" \ud83d\ude00\n"},"x":[1]},{"y":2}],"usage":{}}"#
        let answer = try JSONAnswer.text(in: secret(text), at: path)
        #expect(answer.withBytes { String(decoding: $0, as: UTF8.self) } == "é \"q\" 😀\n")
    }

    @Test(
        "an answer that is not there, twice there, or cut off is refused",
        arguments: [
            "", "{}", "[]", #"{"choices":[]}"#, #"{"choices":[{}]}"#, #"{"choices":[{"message":{"content":null}}]}"#,
            #"{"choices":[{"message":{"content":["x"]}}]}"#, #"{"choices":[{"message":{"content":"x"}}]"#,
            #"{"choices":[{"message":{"content":"x"}}]} x"#,
            #"{"choices":[{"message":{"content":"x","content":"y"}}]}"#,
            #"{"choices":[{"message":{"content":"x"}}],"choices":[]}"#, #"{"choices":{"message":{"content":"x"}}}"#,
        ])
    func refused(_ text: String) {
        #expect(throws: JobFailure.modelResponseMalformed) { _ = try JSONAnswer.text(in: try secret(text), at: path) }
    }
}
