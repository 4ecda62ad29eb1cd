internal import Ethereum
internal import HTTPTransport
internal import Shared

/// A setting's value after its type was checked.
enum SettingValue: Sendable, Equatable {
    case text(String), integer(Int), truth(Bool), list([String])

    /// From `config.json`.
    init(_ json: JSONValue, for setting: Setting) throws(ConfigurationError) {
        switch (setting.kind, json) {
        case (.text, .string(let text)), (.service, .string(let text)): self = .text(text)
        // The published node writes the stake as a number of any size.
        case (.text, .number(let digits)): self = .text(digits)
        case (.integer(let range), .number):
            guard let value = json.int, range.contains(value) else { throw .outOfRange(key: setting.rawValue) }
            self = .integer(value)
        case (.truth, .bool(let value)): self = .truth(value)
        // The published node knows one RPC endpoint, ours several.
        case (.services, .string): self = try SettingValue(variable: json.text ?? "", for: setting)
        case (.list, .array(let elements)), (.services, .array(let elements)):
            let texts = elements.compactMap(\.text)
            guard texts.count == elements.count else { throw .wrongType(key: setting.rawValue) }
            self = .list(texts)
        default: throw .wrongType(key: setting.rawValue)
        }
    }

    /// From the environment: lists are separated by commas, true is 1, true or yes.
    init(variable text: String, for setting: Setting) throws(ConfigurationError) {
        switch setting.kind {
        case .text, .service: self = .text(text)
        case .integer(let range):
            guard let value = Int(text) else { throw .wrongType(key: setting.variable) }
            guard range.contains(value) else { throw .outOfRange(key: setting.variable) }
            self = .integer(value)
        case .truth: self = .truth(["1", "true", "yes"].contains(text.lowercased()))
        case .list, .services:
            self = .list(text.split(separator: ",").map { String($0.trimmingSpaces) }.filter { !$0.isEmpty })
        }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var rest = self
        while rest.first == " " { rest = rest.dropFirst() }
        while rest.last == " " { rest = rest.dropLast() }
        return rest
    }
}

/// Reads checked values; an empty text counts as not set.
struct SettingReader {
    let values: [Setting: SettingValue]

    func text(_ setting: Setting) -> String? {
        if case .text(let text) = values[setting], !text.isEmpty { text } else { nil }
    }

    func truth(_ setting: Setting) -> Bool? { if case .truth(let value) = values[setting] { value } else { nil } }
    func integer(_ setting: Setting) -> Int? { if case .integer(let value) = values[setting] { value } else { nil } }

    func list(_ setting: Setting) -> [String]? { if case .list(let list) = values[setting] { list } else { nil } }

    func oneOf(_ setting: Setting, _ supported: [String]) throws(ConfigurationError) -> String? {
        guard let text = text(setting) else { return nil }
        guard supported.contains(text) else { throw .unsupportedValue(key: setting.rawValue, supported: supported) }
        return text
    }

    /// Words of a closed list, in its order.
    func listOf<Word: RawRepresentable<String> & Equatable>(
        _ setting: Setting, _ supported: [Word]
    ) throws(ConfigurationError) -> [Word] {
        let words = list(setting) ?? []
        guard words.allSatisfy({ Word(rawValue: $0) != nil }) else {
            throw .unsupportedValue(key: setting.rawValue, supported: supported.map(\.rawValue))
        }
        return supported.filter { words.contains($0.rawValue) }
    }

    func address(_ setting: Setting) throws(ConfigurationError) -> Address? {
        guard let text = text(setting) else { return nil }
        return try address(setting, default: text)
    }

    /// Units of 10⁻¹⁸, in digits.
    func units(_ setting: Setting) throws(ConfigurationError) -> Amount? {
        guard let text = text(setting) else { return nil }
        guard let amount = Word(decimal: text).flatMap({ Amount($0) }) else { throw .outOfRange(key: setting.rawValue) }
        return amount
    }

    /// - Parameter known: stands in this source.
    func address(_ setting: Setting, default known: String) throws(ConfigurationError) -> Address {
        do { return try Address(text(setting) ?? known) } catch { throw .wrongType(key: setting.rawValue) }
    }

    func service(_ setting: Setting) throws(ConfigurationError) -> ServiceURL? {
        guard let text = text(setting) else { return nil }
        return try SettingReader.service(text, setting)
    }

    func services(_ setting: Setting) throws(ConfigurationError) -> [ServiceURL]? {
        guard let list = list(setting) else { return nil }
        var services: [ServiceURL] = []
        for text in list { services.append(try SettingReader.service(text, setting)) }
        return services
    }

    private static func service(_ text: String, _ setting: Setting) throws(ConfigurationError) -> ServiceURL {
        do { return try ServiceURL(text) } catch {
            throw error == .insecureURL ? .insecureURL(key: setting.rawValue) : .malformedURL(key: setting.rawValue)
        }
    }

    /// An address that stands in this source.
    static func known(_ text: String) -> ServiceURL {
        // Constants of this file's callers, each read by the test of the defaults.
        try! ServiceURL(text)
    }
}
