internal import Shared

/// Status and headers of a response, read line by line within a limit.
struct ResponseHead {
    static let limit = 64 << 10

    private(set) var status = 0
    private(set) var fields: [String: String] = [:]
    private(set) var contentLength: Int?
    private var size = 0
    /// The blank line behind the final answer's headers has come.
    private(set) var isComplete = false

    /// Takes one line with its line end. Trailers behind a chunked body are counted, but not kept.
    mutating func receive(_ line: UnsafeRawBufferPointer) throws(HTTPFailure) {
        size += line.count
        guard size <= ResponseHead.limit else { throw .headersTooLarge }
        guard !isComplete else { return }
        var text = line[...]
        while let last = text.last, last == 0x0A || last == 0x0D { text.removeLast() }
        if text.isEmpty {
            isComplete = status >= 200
        } else if text.starts(with: "HTTP/".utf8) {
            // An interim answer (1xx) may stand in front of the real one.
            (fields, contentLength) = ([:], nil)
            try readStatus(text)
        } else {
            try readField(text)
        }
    }

    private mutating func readStatus(_ text: Slice<UnsafeRawBufferPointer>) throws(HTTPFailure) {
        guard let space = text.firstIndex(of: 0x20) else { throw .malformedResponse }
        let digits = text[(space + 1)...].prefix { $0 != 0x20 }
        guard digits.count == 3, let code = Int(String(decoding: digits, as: UTF8.self)), (100...599).contains(code)
        else {
            throw .malformedResponse
        }
        status = code
    }

    private mutating func readField(_ text: Slice<UnsafeRawBufferPointer>) throws(HTTPFailure) {
        // A folded line continues the header above it (RFC 9112 5.2); no header read here is ever that long.
        if let first = text.first, first == 0x20 || first == 0x09 { return }
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { throw .malformedResponse }
        let name = String(decoding: text[..<colon], as: UTF8.self).lowercased()
        var value = text[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
        while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
        let string = String(decoding: value, as: UTF8.self)
        if name == "content-length" {
            guard !value.isEmpty, value.allSatisfy(\.isDecimalDigit) else { throw .malformedResponse }
            let length = Int(string) ?? .max
            guard contentLength == nil || contentLength == length else { throw .malformedResponse }
            contentLength = length
        }
        fields[name] = string
    }
}
