import CoFHE
import Ethereum
import Foundation
import Shared
import Testing

/// Tests/Vectors/cofhe-vectors.json: digests computed by hand and with eth-account, boxes made with NaCl.
enum Vectors {
    private static let all: Result<JSONValue, any Error> = Result {
        let file = URL(filePath: #filePath).appending(path: "../../Vectors/cofhe-vectors.json").standardizedFileURL
        return try JSONValue(parsing: Array(Data(contentsOf: file)))
    }

    static func section(_ name: String) throws -> JSONValue { try all.get().require(name) { $0 } }

    static func fixture(_ name: String) throws -> String { try section("fixtures").require(name, \.text) }

    static func bytes(_ name: String) throws -> [UInt8] { try #require(Hexadecimal.decode(fixture(name))) }

    static func issuer(_ name: String = "issuer_private_key") throws -> PrivateKey {
        let text = try fixture(name)
        var secret = try SecretBytes(capacity: text.utf8.count)
        try secret.append(public: text.utf8)
        return try PrivateKey(hexadecimal: secret)
    }

    static func handles() throws -> KeyHandles {
        KeyHandles(
            high: try #require(CiphertextHandle(bytes: bytes("handle_high"))),
            low: try #require(CiphertextHandle(bytes: bytes("handle_low"))))
    }

    static func accessControl() throws -> Address { try Address(fixture("acl_placeholder")) }
    static let chain: UInt64 = 421_614
    static func gate() throws -> PermitGate { PermitGate(issuer: try issuer().address, chainID: chain) }
    static let expiration: UInt64 = 1_900_000_000
}
