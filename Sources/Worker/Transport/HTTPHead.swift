internal import Shared

/// Status line and headers of an answer, as far as the worker needs them. Strict: what two readers could understand
/// differently is refused.
struct HTTPHead: Equatable {
    enum Framing: Equatable { case none, length(Int), chunked, untilClose }

    let status: Int
    let framing: Framing

    /// - Parameter text: everything up to and including the empty line.
    init(parsing text: UnsafeRawBufferPointer) throws(ExchangeError) {
        var lines = HeadLines(text)
        guard let first = lines.next(), let status = HTTPHead.status(first) else { throw .malformed }
        var length: Int?
        var chunked = false
        while let line = lines.next() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else { throw .malformed }
            let name = line[..<colon]
            // White space inside or after a name is how requests are smuggled.
            guard name.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .malformed }
            let value = HTTPHead.trimmed(line[(colon + 1)...])
            if HTTPHead.equal(name, "content-length") {
                guard let number = HTTPHead.number(value), length == nil || length == number else { throw .malformed }
                length = number
            } else if HTTPHead.equal(name, "transfer-encoding") {
                guard HTTPHead.equal(value, "chunked"), !chunked else { throw .malformed }
                chunked = true
            } else if HTTPHead.equal(name, "content-encoding") {
                guard HTTPHead.equal(value, "identity") else { throw .malformed }
            }
        }
        guard !(chunked && length != nil) else { throw .malformed }
        self.status = status
        framing =
            if status < 200 || status == 204 || status == 304 { .none } else if chunked { .chunked } else if let length
            { .length(length) } else { .untilClose }
    }

    private static func status(_ line: Slice<UnsafeRawBufferPointer>) -> Int? {
        let start = line.startIndex
        guard line.count >= 12, equal(line.prefix(7), "http/1."), line[start + 8] == 0x20,
            line.count == 12 || line[start + 12] == 0x20
        else { return nil }
        guard let status = number(line[start + 9..<start + 12]), (100...599).contains(status) else { return nil }
        return status
    }

    private static func trimmed(_ value: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        var value = value
        while let first = value.first, first == 0x20 || first == 0x09 { value = value.dropFirst() }
        while let last = value.last, last == 0x20 || last == 0x09 { value = value.dropLast() }
        return value
    }

    private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard (1...15).contains(digits.count) else { return nil }
        var number = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            number = number * 10 + Int(digit - 0x30)
        }
        return number
    }

    /// Compares ASCII without regard to case; `lower` is in lower case.
    private static func equal(_ text: Slice<UnsafeRawBufferPointer>, _ lower: StaticString) -> Bool {
        guard text.count == lower.utf8CodeUnitCount else { return false }
        for (offset, byte) in text.enumerated() {
            let folded = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
            guard folded == lower.utf8Start[offset] else { return false }
        }
        return true
    }
}

/// The lines of a head, without their CR LF, up to the empty one.
private struct HeadLines {
    private let text: UnsafeRawBufferPointer
    private var offset = 0

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    mutating func next() -> Slice<UnsafeRawBufferPointer>? {
        var end = offset
        while end + 1 < text.count, !(text[end] == 13 && text[end + 1] == 10) { end += 1 }
        guard end > offset, end + 1 < text.count else { return nil }
        defer { offset = end + 2 }
        return text[offset..<end]
    }
}
