import Foundation
import Shared
import Testing

@Suite("Commitments")
struct CommitmentTests {
    private func normalised(_ text: String) throws -> SecretBytes {
        var secret = try SecretBytes(capacity: max(text.utf8.count, 1))
        try secret.append(public: text.utf8)
        NormalisedText.normalise(&secret)
        return secret
    }

    @Test("the network's vectors hold")
    func vectors() throws {
        let file = URL(filePath: #filePath).appending(path: "../../Vectors/icl-samples.json").standardizedFileURL
        let data = try Data(contentsOf: file)
        let vectors = try JSONValue(parsing: [UInt8](data))["commitment_vectors"]?.elements ?? []
        #expect(vectors.count == 8)
        for vector in vectors {
            let text = try normalised(try vector.requireText("text"))
            #expect(try text.withBytes { Array($0) } == Array(vector.requireText("normalised").utf8))
            let hash = Commitment.hash(cid: try vector.requireText("cid"), innerHash: SHA256.hash(text))
            #expect(try Hexadecimal.encode(hash) == vector.requireText("commitment_node_v0_3"))
        }
    }

    @Test("the whitespace set is Python's, character by character")
    func whitespace() throws {
        let spaces: Set<UInt32> = Set(
            [0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000] + Array(0x09...0x0D) + Array(0x1C...0x20)
                + Array(0x2000...0x200A))
        for value in UInt32(0)...0x3100 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let isSpace = try normalised("a\(Character(scalar))b").withBytes { Array($0) } == Array("a b".utf8)
            #expect(isSpace == spaces.contains(value), "U+\(String(value, radix: 16))")
        }
    }

    @Test("SHA-256 of the empty text is the standard's")
    func empty() {
        #expect(
            Hexadecimal.encode(SHA256.hash([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }
}
