/// The whitespace rule under which answers of different nodes are compared.
///
/// Python's `\s` on text, written out because Swift's own sets differ: U+200B and U+FEFF are not in it, U+001C-001F and
/// U+0085 are. No Unicode normalisation, no case folding (icl.md 2.5).
package enum NormalisedText {
    /// Trims, and turns every run of whitespace into one space, in place. Bytes that are no whitespace stay as they are.
    package static func normalise(_ text: inout SecretBytes) {
        let kept = text.withMutableBytes { bytes in
            var read = 0
            var write = 0
            var pendingSpace = false
            while read < bytes.count {
                let width = whitespaceWidth(bytes, at: read)
                if width > 0 {
                    pendingSpace = write > 0
                    read += width
                    continue
                }
                if pendingSpace {
                    bytes[write] = 0x20
                    write += 1
                    pendingSpace = false
                }
                bytes[write] = bytes[read]
                write += 1
                read += 1
            }
            return write
        }
        text.truncate(to: kept)
    }

    /// The length of the UTF-8 whitespace character at `index`, 0 where there is none.
    private static func whitespaceWidth(_ bytes: UnsafeMutableRawBufferPointer, at index: Int) -> Int {
        let left = bytes.count - index
        switch bytes[index] {
        case 0x09...0x0D, 0x1C...0x20: return 1
        case 0xC2 where left >= 2: return bytes[index + 1] == 0x85 || bytes[index + 1] == 0xA0 ? 2 : 0
        case 0xE1 where left >= 3: return bytes[index + 1] == 0x9A && bytes[index + 2] == 0x80 ? 3 : 0
        case 0xE2 where left >= 3:
            switch (bytes[index + 1], bytes[index + 2]) {
            case (0x80, 0x80...0x8A), (0x80, 0xA8), (0x80, 0xA9), (0x80, 0xAF), (0x81, 0x9F): return 3
            default: return 0
            }
        case 0xE3 where left >= 3: return bytes[index + 1] == 0x80 && bytes[index + 2] == 0x80 ? 3 : 0
        default: return 0
        }
    }
}
