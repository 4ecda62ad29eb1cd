internal import Shared

/// Decodes the chunked transfer coding, fed in pieces of any size. Extensions and trailers are skipped, within limits.
struct ChunkedDecoder {
    private enum State { case size, extension_, data, dataEnd, trailerStart, trailer, complete }

    private var state = State.size
    private var remaining = 0
    private var digits = 0
    /// Bytes of extensions and trailers, which carry nothing for us.
    private var skipped = 0
    private static let maximumSkipped = 16 << 10

    var isComplete: Bool { state == .complete }

    mutating func decode(_ bytes: UnsafeRawBufferPointer, into body: inout SecretBytes) throws {
        var index = 0
        while index < bytes.count {
            if state == .data {
                let count = min(remaining, bytes.count - index)
                guard body.capacity - body.count >= count else { throw ExchangeError.tooLarge }
                try body.append(UnsafeRawBufferPointer(rebasing: bytes[index..<index + count]))
                index += count
                remaining -= count
                if remaining == 0 { state = .dataEnd }
                continue
            }
            try step(bytes[index])
            index += 1
        }
    }

    private mutating func step(_ byte: UInt8) throws(ExchangeError) {
        switch state {
        case .size:
            if let digit = Hexadecimal.value(byte) {
                digits += 1
                guard digits <= 8 else { throw .malformed }
                remaining = remaining << 4 | Int(digit)
            } else if byte == UInt8(ascii: ";") || byte == 0x20 || byte == 0x09 || byte == 13 {
                guard digits > 0 else { throw .malformed }
                state = .extension_
            } else {
                throw .malformed
            }
        case .extension_:
            if byte == 10 {
                state = remaining == 0 ? .trailerStart : .data
                digits = 0
            } else {
                try skip()
            }
        case .dataEnd:
            if byte == 10 { state = .size } else if byte != 13 { throw .malformed }
        case .trailerStart:
            if byte == 10 { state = .complete } else if byte != 13 { state = .trailer }
        case .trailer:
            if byte == 10 { state = .trailerStart } else { try skip() }
        case .data, .complete: throw .malformed
        }
    }

    private mutating func skip() throws(ExchangeError) {
        skipped += 1
        guard skipped <= ChunkedDecoder.maximumSkipped else { throw .tooLarge }
    }
}
