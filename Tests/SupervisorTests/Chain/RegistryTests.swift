import Ethereum
import HTTPTransport
import Shared
import TestChain
import Testing

@testable import Supervisor

@Suite("A node in its registry")
struct RegistryTests {
    @Test("a certificate's hash becomes one word: the coordinator's bytes first, or the digest of a text that is none")
    func word() {
        let sixteen = (1...16).map { UInt8($0) }
        for prefix in ["", "0x"] {
            #expect(
                certificate(prefix + Hexadecimal.encode(sixteen)).word == sixteen + [UInt8](repeating: 0, count: 16))
        }
        let whole = [UInt8](repeating: 9, count: 32)
        #expect(certificate(Hexadecimal.encode(whole)).word == whole)
        for text in ["", "certificate 7", Hexadecimal.encode(whole + [1])] {
            #expect(certificate(text).word == SHA256.hash(Array(text.utf8)))
        }
    }

    private func certificate(_ hash: String) -> Certificate {
        Certificate(hash: hash, expiry: 0, tier: 0, backend: "mock", models: [])
    }
}
