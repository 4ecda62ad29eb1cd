import ContentStore
import Shared
import Testing

@Suite struct CIDTests {
    private let helloV0 = "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"

    @Test("a version 0 text gives dag-pb, its digest and itself back")
    func versionZero() throws {
        let cid = try CID(helloV0)
        #expect(cid.version == .zero)
        #expect(cid.codec == .dagPB)
        #expect(cid.digest.count == 32)
        #expect(cid.text == helloV0)
        #expect(try CID(bytes: cid.bytes) == cid)
        #expect(try CID(bytes: cid.bytes).text == helloV0)
    }

    @Test("one identifier in base32, base58 and base16 is equal, and each keeps its spelling")
    func spellings() throws {
        let cid = CID(of: Array("hello world\n".utf8), form: .v1(.raw))
        #expect(cid.text.hasPrefix("bafkrei"))
        let hexadecimal = "f" + Hexadecimal.encode(cid.bytes)
        #expect(try CID(cid.text) == cid)
        #expect(try CID(hexadecimal) == cid)
        #expect(try CID(hexadecimal).text == hexadecimal)
        #expect(try CID(base58Raw) == cid)
        #expect(try CID(base58Raw).codec == .raw)
    }

    /// The raw block "hello world\n", spelt by another implementation (multiformats' rules by hand in Python).
    private let base58Raw = "zb2rhi36Gc9GJWijLEL6zW45MBux5FcFv5gJmjXA7VAMozEXY"

    @Test("versions 0 and 1 of one dag-pb block differ, yet name the same block")
    func versionsDiffer() throws {
        let old = try CID(helloV0)
        let new = CID(of: [], form: .v1(.dagPB))
        #expect(!old.namesSameBlock(as: new))
        let same = try CID(bytes: [1, 0x70] + old.bytes)
        #expect(same != old)
        #expect(same.namesSameBlock(as: old))
        #expect(!(try CID(bytes: [1, 0x55] + old.bytes)).namesSameBlock(as: old))
    }

    @Test("a malformed text is refused with its own reason", arguments: malformed)
    func malformedTexts(text: String, reason: CIDError) {
        #expect(throws: reason) { try CID(text) }
    }

    private static let malformed: [(String, CIDError)] = {
        let head: [UInt8] = [0x12, 0x20]
        let digest = [UInt8](repeating: 0xAB, count: 32)
        func hexadecimal(_ bytes: [UInt8]) -> String { "f" + Hexadecimal.encode(bytes) }
        let raw = CID(of: [], form: .v1(.raw)).text
        return [
            ("", .empty),
            (String(repeating: "b", count: 129), .tooLong(limit: 128)),
            (String(repeating: "é", count: 65), .tooLong(limit: 128)),
            ("Qm", .wrongLength),
            ("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5", .wrongLength),
            ("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5oo", .wrongLength),
            ("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff50", .badCharacter(offset: 45)),
            ("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5/", .badCharacter(offset: 45)),
            // 46 characters, but past the largest 34-byte number that starts with the right two bytes.
            ("Qm" + String(repeating: "z", count: 44), .wrongLength),
            ("../../etc/passwd", .unsupportedBase),
            ("B" + raw.dropFirst().uppercased(), .unsupportedBase),
            ("b", .empty),
            ("f", .empty),
            ("z", .empty),
            ("b" + raw.dropFirst().uppercased(), .badCharacter(offset: 1)),
            (raw + "=", .badCharacter(offset: 59)),
            (raw + "/..", .badCharacter(offset: 59)),
            (raw + "a", .notCanonical),
            (String(raw.dropLast()) + "b", .notCanonical),
            (raw + "aaaaaaaa", .wrongLength),
            ("f0x" + Hexadecimal.encode([1, 0x55] + head + digest), .badCharacter(offset: 2)),
            ("F" + Hexadecimal.encode([1, 0x55] + head + digest), .unsupportedBase),
            ("f" + Hexadecimal.encode([1, 0x55] + head + digest).uppercased(), .notCanonical),
            (hexadecimal([1, 0x55] + head + digest) + "0", .wrongLength),
            (hexadecimal([1, 0x55] + head + digest.dropLast()), .wrongLength),
            (hexadecimal([1, 0x55] + head + digest + [0]), .wrongLength),
            (hexadecimal([1, 0x55, 0x12, 0x1F] + digest), .wrongLength),
            (hexadecimal([1]), .wrongLength),
            (hexadecimal([1, 0x55]), .wrongLength),
            (hexadecimal([1, 0x71] + head + digest), .unsupportedCodec),
            (hexadecimal([1, 0x55, 0x00, 0x02, 1, 2]), .unsupportedHash),
            (hexadecimal([1, 0x55, 0x1B, 0x20] + digest), .unsupportedHash),
            (hexadecimal([2, 0x55] + head + digest), .unsupportedVersion),
            (hexadecimal([0x81, 0x00, 0x55] + head + digest), .unsupportedVersion),
            // A version 0 identifier has no base prefix.
            (hexadecimal(head + digest), .unsupportedVersion),
        ]
    }()

    @Test("the binary form must fill its bytes exactly")
    func binaryLength() throws {
        let bytes = CID(of: [1, 2, 3], form: .v0).bytes
        #expect(bytes.count == 34)
        #expect(throws: CIDError.wrongLength) { try CID(bytes: bytes + [0]) }
        #expect(throws: CIDError.wrongLength) { try CID(bytes: bytes.dropLast()) }
        #expect(throws: CIDError.empty) { try CID(bytes: []) }
    }
}
