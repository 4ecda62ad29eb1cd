/// The coordinator's name for a job: opaque, 1 to 256 bytes of UTF-8 without control characters.
///
/// It is kept and echoed byte for byte, because its exact text is hashed and compared elsewhere (icl.md 0.4). Two ids
/// are equal when their bytes are; Swift's own comparison of strings would also equate canonically equivalent ones.
/// `.` and `..` are refused, for in a path they would mean another resource.
package struct JobID: Sendable, Hashable {
    package static let maximumLength = 256

    package let text: String

    package init?(_ text: String) {
        guard PlainText.isPlain(text, upTo: JobID.maximumLength), text != ".", text != ".." else { return nil }
        self.text = text
    }

    package static func == (one: JobID, other: JobID) -> Bool { one.text.utf8.elementsEqual(other.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}

/// Texts of a peer that are passed on: bounded, and without anything a terminal or a log could obey.
enum PlainText {
    /// Whether the text has 1 to `limit` bytes and no control character (U+0000–1F, 7F–9F).
    static func isPlain(_ text: String, upTo limit: Int) -> Bool {
        (1...limit).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
    }
}
