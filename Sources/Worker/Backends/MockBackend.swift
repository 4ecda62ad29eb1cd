internal import Shared

/// The answer that stands for a model's on the devnet: `MOCK_OUTPUT_` and the hash of model id and prompt (models.md).
enum MockBackend {
    static func answer(modelID: String, prompt: borrowing SecretBytes) throws -> SecretBytes {
        var answer = try SecretBytes(capacity: 128)
        try answer.append("MOCK_OUTPUT_")
        var digest = try SecretBytes(capacity: SHA256.byteCount)
        try digest.append(public: PromptDigest.hash(modelID: modelID, prompt: prompt))
        // The digits are the answer: they are never a String.
        try answer.append(hexadecimalOf: digest)
        return answer
    }
}

/// SHA-256 of `modelID:prompt`, from which the mock's answer and the seed anchor are made.
enum PromptDigest {
    static func hash(modelID: String, prompt: borrowing SecretBytes) -> [UInt8] {
        var digest = SHA256()
        digest.update(Array("\(modelID):".utf8))
        prompt.withBytes { digest.update($0) }
        return digest.finish()
    }
}
