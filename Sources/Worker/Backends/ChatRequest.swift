internal import Shared

/// The request of one chat dialect: text before and after the prompt, and where the answer stands. The same model id
/// must give the same bytes on every node, for the quorum compares answers (models.md).
struct ChatRequest {
    let before: String
    let after: String
    let answerPath: [JSONAnswer.Step]
    let credentialHeader: StaticString
    let credentialPrefix: StaticString

    private static let groqSystemTurn =
        "You are a helpful assistant. Answer the user's question directly and accurately. Be concise."

    init(_ order: ChatOrder, modelID: String, prompt: borrowing SecretBytes) {
        let model = ChatRequest.quoted(order.model)
        switch order.dialect {
        case .groq:
            before = """
                {"model":\(model),"messages":[{"role":"system","content":\(ChatRequest.quoted(ChatRequest.groqSystemTurn))},\
                {"role":"user","content":"\(ChatRequest.anchor(modelID, prompt))
                """
            after = #""}],"temperature":0.0,"max_completion_tokens":512,"seed":42}"#
        case .openai:
            before = #"{"model":\#(model),"messages":[{"role":"user","content":""#
            after = """
                "}],"temperature":0,"top_p":1,"seed":42,"max_tokens":\(order.maximumTokens),\
                "cache_prompt":false,"stream":false}
                """
        case .gemini:
            before = #"{"contents":[{"role":"user","parts":[{"text":"\#(ChatRequest.anchor(modelID, prompt))"#
            after = #""}]}],"generationConfig":{"temperature":0.0,"maxOutputTokens":512}}"#
        }
        switch order.dialect {
        case .groq, .openai:
            answerPath = [.key("choices"), .first, .key("message"), .key("content")]
            (credentialHeader, credentialPrefix) = ("Authorization", "Bearer ")
        case .gemini:
            answerPath = [.key("candidates"), .first, .key("content"), .key("parts"), .first, .key("text")]
            (credentialHeader, credentialPrefix) = ("x-goog-api-key", "")
        }
    }

    /// Ties the request to model and prompt, as the published node does for cloud models. JSON-escaped.
    private static func anchor(_ modelID: String, _ prompt: borrowing SecretBytes) -> String {
        let digest = Hexadecimal.encode(PromptDigest.hash(modelID: modelID, prompt: prompt))
        return "[seed_anchor:\(digest.prefix(16))]\\n\\n"
    }

    private static func quoted(_ text: String) -> String {
        String(decoding: JSONValue.string(text).encoded(), as: UTF8.self)
    }
}
