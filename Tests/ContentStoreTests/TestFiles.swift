import ContentStore
import Shared
import Testing

/// Contents whose identifiers another implementation has computed.
enum TestFile {
    /// Byte number i is i modulo 251, as `Tests/Support/ipfs-cid/cid.py` makes them.
    static func pattern(_ size: Int) -> [UInt8] {
        var bytes = (0..<251).map { UInt8($0) }
        bytes.reserveCapacity(max(size, 251) * 2)
        while bytes.count < size { bytes += bytes }
        return Array(bytes[..<size])
    }
}

struct PeerVector: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: @Sendable () -> [UInt8]
    let v0: String
    let v1: String

    var testDescription: String { name }

    init(_ value: JSONValue) throws {
        v0 = try value.requireText("v0")
        v1 = try value.requireText("v1")
        if let size = value["size"]?.int {
            name = "\(size) bytes"
            bytes = { TestFile.pattern(size) }
        } else {
            let text = try value.requireText("text")
            name = "text of \(text.utf8.count) bytes"
            bytes = { Array(text.utf8) }
        }
    }

    static func parse(_ text: [UInt8]) throws -> [PeerVector] {
        try #require(try JSONValue(parsing: text).elements).map { try PeerVector($0) }
    }
}
