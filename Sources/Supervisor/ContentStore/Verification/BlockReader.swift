/// Reads a range of downloaded bytes from front to back. Nothing is copied, and every length is checked before use.
struct BlockReader {
    let bytes: [UInt8]
    private(set) var offset: Int
    let end: Int

    /// Precondition: the range lies within the bytes.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { offset == end }
    var next: UInt8? { offset < end ? bytes[offset] : nil }

    mutating func byte() throws(VerificationError) -> UInt8 {
        guard offset < end else { throw .truncated }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func take(_ count: Int) throws(VerificationError) -> Range<Int> {
        guard count >= 0, count <= end - offset else { throw .truncated }
        defer { offset += count }
        return offset..<offset + count
    }

    /// A varint in its shortest form, of at most 9 bytes: every such value fits `Int`.
    mutating func varint() throws(VerificationError) -> Int {
        var value = 0
        for shift in stride(from: 0, to: 63, by: 7) {
            let byte = try byte()
            value |= Int(byte & 0x7F) << shift
            guard byte & 0x80 == 0 else { continue }
            guard byte != 0 || shift == 0 else { throw .badVarint }
            return value
        }
        throw .badVarint
    }

    /// A varint length and the range of as many bytes.
    mutating func field() throws(VerificationError) -> Range<Int> { try take(try varint()) }

    /// Steps over `byte` if it is next.
    mutating func skip(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        return true
    }
}
