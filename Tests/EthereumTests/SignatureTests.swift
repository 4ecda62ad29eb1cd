import Ethereum
import Shared
import Testing

@Suite struct SignatureTests {
    @Test("a signature that is not in its one accepted form is refused", arguments: Vectors.list("recoverRefuse"))
    func refuse(vector: JSONValue) throws {
        let text = try vector.requireText("signature")
        let expected: SignatureError =
            switch try vector.requireText("why") {
            case "v is 29": .recoveryIdentifier
            case "64 bytes", "66 bytes": .malformed
            default: .outOfRange
            }
        #expect(throws: expected) { try Signature(hexadecimal: text) }
    }

    @Test("v is read in both its forms and written as 27 or 28", arguments: Vectors.list("recoverAccept"))
    func accept(vector: JSONValue) throws {
        let signature = try Signature(hexadecimal: vector.requireText("signature"))
        let recovered = try signature.recoverAddress(digest: vector.requireBytes("hash"))
        #expect(recovered.checksummed == (try vector.requireText("address")))
        #expect(signature.bytes[64] == 27 + signature.yParity)
        #expect(try Signature(signature.bytes) == signature)
    }

    @Test("a signature over another digest recovers to another address")
    func otherDigest() throws {
        let key = try Vectors.key("node")
        let signature = key.signMessage(Array("hello".utf8))
        let recovered = try? signature.recoverAddress(digest: EIP191.digest(message: Array("hallo".utf8)))
        #expect(recovered != key.address)
    }

    @Test("an r that is no point's x has no signer")
    func unrecoverable() throws {
        // x = 5 is on no point of y² = x³ + 7.
        var bytes = [UInt8](repeating: 0, count: 65)
        (bytes[31], bytes[63]) = (5, 1)
        let signature = try Signature(bytes)
        #expect(throws: SignatureError.unrecoverable) {
            try signature.recoverAddress(digest: [UInt8](repeating: 1, count: 32))
        }
    }
}
