internal import Shared

/// Reads the fields of one message and gathers what is wrong with them, as the coordinator's validation does.
struct FieldReader {
    private let body: JSONValue
    private var problems: [(field: String, words: String, violation: Violation)] = []

    init(_ body: JSONValue) { self.body = body }

    /// A required string. Empty where there is a problem.
    mutating func text(_ key: String) -> String {
        guard let value = body[key] else {
            missing(key)
            return ""
        }
        guard let text = value.text else {
            wrongType(key, "Input should be a valid string [type=string_type, ...]")
            return ""
        }
        return text
    }

    /// A required string that is not empty.
    mutating func filledText(_ key: String) -> String {
        let text = text(key)
        if text.isEmpty, body[key]?.text != nil { missing(key) }
        return text
    }

    /// A string, null or nothing.
    mutating func optionalText(_ key: String) -> String? {
        guard let value = body[key], value != .null else {
            if body[key] == nil { noteTwin(key) }
            return nil
        }
        if let text = value.text { return text }
        wrongType(key, "Input should be a valid string [type=string_type, ...]")
        return nil
    }

    mutating func optionalObject(_ key: String) -> JSONValue? {
        guard let value = body[key], value != .null else { return nil }
        if case .object = value { return value }
        wrongType(key, "Input should be a valid dictionary [type=dict_type, ...]")
        return nil
    }

    /// A whole number from 0 to 100.
    mutating func confidence(required: Bool) -> Int? {
        guard let value = body["confidence"], value != .null else {
            if required { missing("confidence") }
            return nil
        }
        if let number = value.int, (0...100).contains(number) { return number }
        wrongType("confidence", "Input should be a valid integer from 0 to 100 [type=int_type, ...]")
        return nil
    }

    /// CONFIRM or REJECT in any case.
    mutating func verdict(required: Bool) -> Bool? {
        guard let text = required ? text("verdict") : optionalText("verdict") else { return nil }
        switch text.uppercased() {
        case "CONFIRM": return true
        case "REJECT": return false
        default:
            if !text.isEmpty { wrongType("verdict", "Input should be CONFIRM or REJECT [type=value_error, ...]") }
            return nil
        }
    }

    /// Throws the refusal (400) if any field was wrong: with `detail`, else in the words of a validation of `model`.
    func finish(model: String = "", detail: String? = nil) throws {
        guard let first = problems.first else { return }
        let count = problems.count == 1 ? "1 validation error" : "\(problems.count) validation errors"
        let lines = problems.map { "\n\($0.field)\n  \($0.words)" }
        throw Refusal(400, detail ?? "\(count) for \(model)" + lines.joined(), first.violation)
    }

    private mutating func wrongType(_ key: String, _ words: String) { problems.append((key, words, .fieldWrongType)) }

    private mutating func missing(_ key: String) {
        let violation: Violation = twin(key) == nil ? .fieldMissing : .fieldWrongCase
        problems.append((key, "Field required [type=missing, ...]", violation))
    }

    /// An optional field under another casing would be ignored silently by the real service; here it is refused.
    private mutating func noteTwin(_ key: String) {
        if twin(key) != nil { problems.append((key, "Field has another casing [type=missing, ...]", .fieldWrongCase)) }
    }

    private func twin(_ key: String) -> String? {
        guard case .object(let members) = body else { return nil }
        let plain = FieldReader.plain(key)
        return members.first { $0.key != key && FieldReader.plain($0.key) == plain }?.key
    }

    private static func plain(_ key: String) -> String { key.lowercased().filter { $0 != "_" } }
}
