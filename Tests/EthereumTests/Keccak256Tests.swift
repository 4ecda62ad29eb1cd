import Ethereum
import Shared
import Testing

@Suite struct Keccak256Tests {
    @Test(
        "the vector file holds every list that these tests are driven by",
        arguments: [
            ("keccak256", 17), ("keys", 6), ("badPrivateKeys", 7), ("signHash", 9), ("eip191", 11),
            ("recoverRefuse", 7), ("recoverAccept", 2), ("eip712", 5), ("keystores", 7), ("keystoresRefuse", 14),
            ("rlp", 23), ("rlpInvalid", 10), ("transactions", 11), ("createAddress", 7), ("calldata", 22),
            ("returnData", 4), ("returnDataRefuse", 9), ("revertData", 10), ("events", 4), ("commitDigest", 1),
        ])
    func lists(name: String, count: Int) { #expect(Vectors.list(name).count == count) }

    @Test("a digest is the vector's, whatever the length of the message", arguments: Vectors.list("keccak256"))
    func digest(vector: JSONValue) throws {
        let message = try vector.requireBytes("in")
        let expected = try vector.requireBytes("out")
        #expect(Keccak256.hash(message) == expected)
        var secret = try SecretBytes(capacity: message.count)
        try secret.append(public: message)
        #expect(Keccak256.hash(secret) == expected)
    }

    @Test("bytes that start at an odd address are read right")
    func unaligned() {
        let message = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        let shifted = [0] + message
        let digest = shifted.withUnsafeBytes { Keccak256.hash(UnsafeRawBufferPointer(rebasing: $0[1...])) }
        #expect(digest == Keccak256.hash(message))
    }
}
