import Ethereum
import Shared
import Testing

@Suite struct PrivateKeyTests {
    @Test("a key has the vector's public key and address", arguments: Vectors.list("keys"))
    func identity(vector: JSONValue) throws {
        let key = try PrivateKey(hexadecimal: Vectors.secret(vector.requireText("privateKey")))
        #expect(key.publicKey == (try vector.requireBytes("publicKey")))
        #expect(key.address.checksummed == (try vector.requireText("address")))
    }

    @Test("text that is no key of the curve is refused", arguments: Vectors.list("badPrivateKeys"))
    func bad(vector: JSONValue) throws {
        let text = try #require(vector.text)
        #expect(throws: KeyError.self) { try PrivateKey(hexadecimal: Vectors.secret(text)) }
    }

    @Test("a refusal says whether length, digits or range were wrong")
    func reasons() throws {
        let zero = String(repeating: "0", count: 64)
        #expect(throws: KeyError.outOfRange) { try PrivateKey(hexadecimal: Vectors.secret(zero)) }
        #expect(throws: KeyError.notHexadecimal) {
            try PrivateKey(hexadecimal: Vectors.secret("zz" + zero.dropFirst(2)))
        }
        #expect(throws: KeyError.wrongLength) { try PrivateKey(hexadecimal: Vectors.secret("00" + zero)) }
    }

    @Test("generated keys differ and sign for their own address")
    func generate() throws {
        let first = try PrivateKey.generate()
        let second = try PrivateKey.generate()
        #expect(first.address != second.address)
        let digest = Keccak256.hash(Array("digest".utf8))
        #expect(try first.sign(digest: digest).recoverAddress(digest: digest) == first.address)
    }

    @Test("signing a digest gives the vector's r, s and parity every time", arguments: Vectors.list("signHash"))
    func signDigest(vector: JSONValue) throws {
        let key = try Vectors.key(vector.requireText("key"))
        let digest = try vector.requireBytes("hash")
        let signature = key.sign(digest: digest)
        #expect(signature.r == (try vector.requireWord("r")))
        #expect(signature.s == (try vector.requireWord("s")))
        #expect(Int(signature.yParity) == (try vector.requireInt("yParity")))
        #expect(key.sign(digest: digest) == signature)
    }

    @Test("signing a message gives the vector's digest and signature", arguments: Vectors.list("eip191"))
    func signMessage(vector: JSONValue) throws {
        let key = try Vectors.key(vector.requireText("key"))
        let message = try vector["text"]?.text.map { Array($0.utf8) } ?? vector.requireBytes("bytes")
        let digest = EIP191.digest(message: message)
        #expect(digest == (try vector.requireBytes("hash")))
        let signature = key.signMessage(message)
        #expect(signature.hexadecimal == (try vector.requireText("signature")))
        #expect(try signature.recoverAddress(digest: digest).checksummed == vector.requireText("address"))
    }
}
