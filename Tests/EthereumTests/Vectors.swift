import Ethereum
import Foundation
import Shared

/// Tests/Vectors/eth-vectors.json, made with eth-account 0.14.0.
enum Vectors {
    static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    private static let all: Result<JSONValue, any Error> = Result {
        try JSONValue(parsing: Array(Data(contentsOf: tests.appending(path: "Vectors/eth-vectors.json"))))
    }

    static func section(_ name: String) throws -> JSONValue { try all.get().require(name) { $0 } }

    /// The entries of a list. Empty where there is none, which `Keccak256Tests` notices.
    static func list(_ name: String) -> [JSONValue] { (try? section(name))?.elements ?? [] }

    /// The private key that the vectors call `name`.
    static func key(_ name: String) throws -> PrivateKey {
        let entry = try all.get().require("keys") { $0.elements?.first { $0["name"]?.text == name } }
        return try PrivateKey(hexadecimal: secret(try entry.requireText("privateKey")))
    }

    /// Test keys and test passwords stand in a public file; real ones never are a `String`.
    static func secret(_ text: String) throws -> SecretBytes {
        var secret = try SecretBytes(capacity: text.utf8.count)
        try secret.append(public: text.utf8)
        return secret
    }
}

extension JSONValue {
    func requireBytes(_ key: String) throws -> [UInt8] {
        try require(key) { $0.text.flatMap { Hexadecimal.decode($0) } }
    }

    /// A number of up to 32 bytes, whose text has no leading zeros.
    func requireWord(_ key: String) throws -> [UInt8] {
        let digits = try requireText(key).dropFirst(2)
        return try require(key) { _ in Hexadecimal.decode(String(repeating: "0", count: 64 - digits.count) + digits) }
    }

    func requireMember(_ key: String) throws -> JSONValue { try require(key) { $0 } }

    /// The same object with the member at `path` set to `value`.
    func setting(_ path: [String], to value: JSONValue) -> JSONValue {
        guard let key = path.first, case .object(let members) = self else { return value }
        let inner = (self[key] ?? [:]).setting(Array(path.dropFirst()), to: value)
        return .object(members.filter { $0.key != key } + [Member(key, inner)])
    }
}
