import DevnetCore
import Foundation
import Shared
import Testing

@testable import Worker

/// Boxes and signatures of Tests/Vectors/cofhe-vectors.json, which were made with NaCl and eth-account.
@Suite("Boxes that the network seals")
struct SealedBoxTests {
    private static let chain: UInt64 = 421_614
    private static let unsigned = BoxSeal(chainID: chain, signer: nil)

    private static let vectors: Result<JSONValue, any Error> = Result {
        let file = URL(filePath: #filePath).appending(path: "../../Vectors/cofhe-vectors.json").standardizedFileURL
        return try JSONValue(parsing: Array(Data(contentsOf: file)))
    }

    private static func boxes() throws -> JSONValue { try vectors.get().require("sealed_box") { $0 } }

    private static func pair() throws -> SealingKeyPair {
        try SealingKeyPair(secret: secret(boxes().bytes("recipient_secret_key_hex")))
    }

    private static func secret(_ bytes: [UInt8]) throws -> SecretBytes {
        var secret = try SecretBytes(capacity: max(1, bytes.count))
        try secret.append(public: bytes)
        return secret
    }

    private static func handle(_ name: String = "handle_high") throws -> CiphertextHandle {
        let fixtures = try vectors.get().require("fixtures") { $0 }
        return try #require(CiphertextHandle(bytes: try fixtures.bytes(name)))
    }

    private func open(
        _ bytes: [UInt8], _ seal: BoxSeal = SealedBoxTests.unsigned, _ handle: CiphertextHandle? = nil
    ) throws -> [UInt8] {
        var sealed = try Self.secret(bytes)
        let pair = try Self.pair()
        let half = try pair.openBox(&sealed, seal, try handle ?? Self.handle())
        return half.withBytes { Array($0) }
    }

    @Test("a box opens to its integer, whatever its width", arguments: 0..<5)
    func cases(index: Int) throws {
        let entry = try #require(Self.boxes()["cases"]?.elements?[index])
        let text = try entry.bytes("plaintext_hex")
        #expect(try open(entry.sealed()) == [UInt8](repeating: 0, count: max(0, 16 - text.count)) + text.suffix(16))
        #expect(try Self.boxes()["cases"]?.elements?.count == 5)
    }

    @Test("both halves make the key of the vectors")
    func key() throws {
        let cases = try #require(Self.boxes()["cases"]?.elements)
        let key = try open(cases[0].sealed()) + open(cases[1].sealed())
        #expect(try key == Self.boxes().require("aes_key_from_halves") { $0 }.bytes("aes256_key_hex"))
    }

    @Test("every job has a pair of its own")
    func freshPairs() throws {
        let keys = try (0..<20).map { _ in
            let pair = try SealingKeyPair()
            return pair.publicKey
        }
        #expect(Set(keys).count == 20 && keys.allSatisfy { $0.count == 32 })
    }

    @Test("one bit elsewhere in tag, text, key or nonce, and nothing opens")
    func tampered() throws {
        let sealed = try #require(Self.boxes()["cases"]?.elements?[0]).sealed()
        let tampered = try Self.boxes().bytes("tampered_tag_must_fail_data_hex")
        #expect(throws: JobFailure.sealedValueUnreadable) { try open(tampered + sealed.dropFirst(tampered.count)) }
        // The highest bit of an X25519 key means nothing.
        for index in sealed.indices where index != 63 {
            var other = sealed
            other[index] ^= 1
            #expect(throws: JobFailure.sealedValueUnreadable, "\(index)") { try open(other) }
        }
        // Whoever agrees with nothing agrees on nothing.
        let zero = sealed.prefix(32) + [UInt8](repeating: 0, count: 32) + sealed.suffix(24)
        #expect(throws: JobFailure.sealedValueUnreadable) { try open(Array(zero)) }
    }

    @Test("a box of another length, and a handle that is no half of a key, are refused")
    func lengths() throws {
        let sealed = try #require(Self.boxes()["cases"]?.elements?[0]).sealed()
        for bytes in [[], Array(sealed.prefix(72)), sealed + [UInt8](repeating: 0, count: 17)] {
            #expect(throws: JobFailure.sealedValueMalformed) { try open(bytes) }
        }
        for ending: [UInt8] in [[5, 0], [6, 1], [0x86, 0], [0, 6]] {
            let handle = CiphertextHandle(bytes: [UInt8](repeating: 1, count: 30) + ending)
            #expect(throws: JobFailure.sealedValueMalformed) { try open(sealed, Self.unsigned, handle) }
        }
        #expect(throws: JobFailure.sealedValueMalformed) { try open(sealed, Self.unsigned, .zero) }
    }

    @Test("an integer beyond 128 bits is no half of a key")
    func tooWide() throws {
        var wide = [UInt8](repeating: 0, count: 17)
        wide[0] = 1
        #expect(throws: JobFailure.sealedValueMalformed) {
            try wide.withUnsafeBytes { _ = try SealingKeyPair.half($0) }
        }
        // In a box that is as it should be.
        for length in [17, 32] {
            for first: UInt8 in [0, 1] {
                let text = [first] + [UInt8](repeating: 7, count: 16)
                let box = try ToyCrypto.box(
                    [UInt8](repeating: 0, count: length - text.count) + text, to: Self.pair().publicKey)
                let sealed = box.data + box.publicKey + box.nonce
                guard first == 1 else {
                    #expect(try open(sealed) == [UInt8](repeating: 7, count: 16))
                    continue
                }
                #expect(throws: JobFailure.sealedValueMalformed) { try open(sealed) }
            }
        }
    }

    @Test("what the published node's dialect seals opens to its integer as well")
    func dialect() throws {
        let vector = try Self.vectors.get().require("reference_python_mode_not_real") { $0 }
        var sealed = try Self.secret(vector.bytes("sealed_value_hex"))
        let half = try Self.pair().openExpanded(&sealed)
        let same = try #require(Self.boxes()["cases"]?.elements?[0])
        #expect(same["value_dec"]?.text == vector["value"]?.text)
        #expect(try half.withBytes { Array($0) } == same.bytes("plaintext_hex"))
    }

    @Test("the network's signature holds for its box, handle, chain and signer, and for nothing else")
    func signatures() throws {
        let sealed = try #require(Self.boxes()["cases"]?.elements?[0]).sealed()
        let vector = try Self.vectors.get().require("sealoutput_response_signature") { $0 }
        let signer = try vector.bytes("signer_address")
        let seal = BoxSeal(chainID: Self.chain, signer: signer)
        for form in ["signature_raw_v_no_0x", "signature_evm_v_no_0x"] {
            let signed = try sealed + vector.bytes(form)
            #expect(try open(signed, seal).count == 16)
            // The other half's handle, another chain, another signer.
            #expect(throws: JobFailure.sealedValueForged) { try open(signed, seal, Self.handle("handle_low")) }
            let elsewhere = BoxSeal(chainID: 1, signer: signer)
            #expect(throws: JobFailure.sealedValueForged) { try open(signed, elsewhere) }
            let other = BoxSeal(chainID: Self.chain, signer: [UInt8](repeating: 1, count: 20))
            #expect(throws: JobFailure.sealedValueForged) { try open(signed, other) }
            for index in signed.indices {
                var bent = signed
                bent[index] ^= 0x10
                #expect(throws: JobFailure.sealedValueForged, "\(index)") { try open(bent, seal) }
            }
        }
        let unsigned = sealed + [UInt8](repeating: 0, count: 65)
        #expect(throws: JobFailure.sealedValueForged) { try open(unsigned, seal) }
        #expect(throws: JobFailure.sealedValueMalformed) { try open(Array(sealed.prefix(70)), seal) }
    }
}

extension JSONValue {
    fileprivate func bytes(_ key: String) throws -> [UInt8] { try require(key) { $0.text.flatMap(Hexadecimal.decode) } }

    /// `tag ‖ ciphertext ‖ public key ‖ nonce`.
    fileprivate func sealed() throws -> [UInt8] {
        let parts = try ["data", "public_key", "nonce"].map { name in
            try require("sealed") { $0[name]?.elements?.compactMap(\.int) }
        }
        return parts.joined().map { UInt8($0) }
    }
}
