internal import Shared

extension CID {
    /// Parses version 0 (`Qm…`, 46 characters) or version 1 in base32 (`b…`), base58btc (`z…`) or base16 (`f…`).
    ///
    /// Each has one canonical spelling; everything else is refused.
    package init(_ text: String) throws(CIDError) {
        let characters = Array(text.utf8.prefix(CID.maximumTextBytes + 1))
        guard let first = characters.first else { throw .empty }
        guard characters.count <= CID.maximumTextBytes else { throw .tooLong(limit: CID.maximumTextBytes) }
        if characters.starts(with: "Qm".utf8) {
            guard characters.count == 46 else { throw .wrongLength }
            let bytes = try Base58.decode(characters[...])
            let (form, digest) = try CID.parse(bytes[...])
            guard form == .v0 else { throw .unsupportedVersion }
            guard Base58.encode(bytes) == text else { throw .notCanonical }
            self.init(form: form, digest: digest, text: text)
            return
        }
        let digits = characters[1...]
        let bytes: [UInt8]
        let canonical: String
        switch first {
        case UInt8(ascii: "b"):
            bytes = try Base32.decode(digits)
            canonical = "b" + Base32.encode(bytes)
        case UInt8(ascii: "z"):
            bytes = try Base58.decode(digits)
            canonical = "z" + Base58.encode(bytes)
        case UInt8(ascii: "f"):
            bytes = try CID.decodeHexadecimal(digits)
            canonical = "f" + Hexadecimal.encode(bytes)
        default: throw .unsupportedBase
        }
        guard canonical == text else { throw .notCanonical }
        guard bytes.first != CID.multihashHead[0] else { throw .unsupportedVersion }
        let (form, digest) = try CID.parse(bytes[...])
        self.init(form: form, digest: digest, text: text)
    }

    /// Reads the binary form, which must fill `bytes` exactly. The text becomes the customary spelling.
    package init(bytes: some Collection<UInt8>) throws(CIDError) {
        let (form, digest) = try CID.parse(Array(bytes.prefix(CID.maximumTextBytes + 1))[...])
        self.init(form: form, digest: digest)
    }

    /// The length of the binary form that starts so, nil where no supported one does.
    static func binaryLength(startingWith first: UInt8) -> Int? {
        switch first {
        case multihashHead[0]: multihashHead.count + SHA256.byteCount
        case 1: 2 + multihashHead.count + SHA256.byteCount
        default: nil
        }
    }

    static func parse(_ bytes: ArraySlice<UInt8>) throws(CIDError) -> (Form, [UInt8]) {
        guard let first = bytes.first else { throw .empty }
        guard let length = binaryLength(startingWith: first) else { throw .unsupportedVersion }
        var form = Form.v0
        var rest = bytes
        if first == 1 {
            guard bytes.count >= 2 else { throw .wrongLength }
            guard let codec = Codec(rawValue: bytes[bytes.startIndex + 1]) else { throw .unsupportedCodec }
            form = .v1(codec)
            rest = bytes.dropFirst(2)
            guard rest.first == nil || rest.first == multihashHead[0] else { throw .unsupportedHash }
        }
        guard bytes.count == length, rest[rest.startIndex + 1] == multihashHead[1] else { throw .wrongLength }
        return (form, Array(rest.dropFirst(2)))
    }

    private static func decodeHexadecimal(_ digits: ArraySlice<UInt8>) throws(CIDError) -> [UInt8] {
        for index in digits.indices where Hexadecimal.value(digits[index]) == nil { throw .badCharacter(offset: index) }
        // Also where a second prefix such as 0x would be skipped: `x` has not passed the line above.
        guard let bytes = Hexadecimal.decode(String(decoding: digits, as: UTF8.self)) else { throw .wrongLength }
        return bytes
    }
}
