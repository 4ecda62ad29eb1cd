internal import Shared

// How members of an answer are read. A member that is missing or of another type ends the call with
// `malformedAnswer`, unless it is read as optional: then null, missing and unreadable are the same.
extension JSONValue {
    func answer<T>(_ key: String, _ read: (JSONValue) -> T?) throws(CoordinatorError) -> T {
        do throws(JSONError) { return try require(key, read) } catch { throw .malformedAnswer(error.reason) }
    }

    /// A bounded text without control characters.
    func answerText(_ key: String, upTo limit: Int = 256) throws(CoordinatorError) -> String {
        try answer(key) { $0.plainText(upTo: limit) }
    }

    /// The handle; zero where it is null.
    func answerHandle(_ key: String) throws(CoordinatorError) -> CiphertextHandle {
        guard let member = self[key] else { throw .malformedAnswer(.missingKey) }
        switch CiphertextHandle.read(member) {
        case .absent: return .zero
        case .handle(let handle): return handle
        case .unreadable: throw .malformedAnswer(.wrongType)
        }
    }

    /// A CID, or any other text that may be missing. Some servers write Python's `None` for "nothing" (wire.md 3).
    func answerOptionalText(_ key: String, upTo limit: Int = 256) throws(CoordinatorError) -> String? {
        guard let member = self[key], member != .null else { return nil }
        guard let text = member.text else { throw .malformedAnswer(.wrongType) }
        if text.isEmpty || text == "None" { return nil }
        guard PlainText.isPlain(text, upTo: limit) else { throw .malformedAnswer(.wrongType) }
        return text
    }

    func plainText(upTo limit: Int) -> String? {
        guard let text, PlainText.isPlain(text, upTo: limit) else { return nil }
        return text
    }
}
