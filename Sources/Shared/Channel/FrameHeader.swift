/// The head of one frame: 4 bytes big-endian length, then a JSON object `{"kind":…,"body":…, …}`.
///
/// `body` is the number of raw bytes that follow. Secrets travel in bodies only, for a JSON reader leaves copies.
package struct FrameHeader: Sendable, Equatable {
    package static let lengthBytes = 4
    package static let maximumLength = 64 << 10

    package let kind: MessageKind
    package let bodyLength: Int
    package let fields: JSONValue

    package init(_ kind: MessageKind, bodyLength: Int = 0, fields: [JSONValue.Member] = []) {
        self.kind = kind
        self.bodyLength = bodyLength
        self.fields = .object(
            [.init("kind", .string(kind.rawValue)), .init("body", .integer(bodyLength))] + fields)
    }

    /// Reads the four length bytes; a length outside 2…`maximumLength` is refused before anything is read for it.
    package static func length(_ prefix: [UInt8]) throws(ChannelError) -> Int {
        let length = prefix.reduce(0) { $0 << 8 | Int($1) }
        guard prefix.count == lengthBytes, length >= 2 else { throw .malformedHeader }
        guard length <= maximumLength else { throw .headerTooLarge }
        return length
    }

    package init(parsing text: [UInt8], limits: JobLimits) throws(ChannelError) {
        guard let fields = try? JSONValue(parsing: text, limit: FrameHeader.maximumLength),
            let name = fields["kind"]?.text, let bodyLength = fields["body"]?.int, bodyLength >= 0
        else { throw .malformedHeader }
        guard let kind = MessageKind(rawValue: name) else { throw .unknownKind }
        guard bodyLength <= kind.maximumBody(limits) else { throw .bodyTooLarge }
        self.kind = kind
        self.bodyLength = bodyLength
        self.fields = fields
    }

    /// Length and header, ready to be written in front of the body.
    package func encoded() -> [UInt8] {
        let text = fields.encoded()
        let length = UInt32(text.count)
        return [UInt8(length >> 24), UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255)] + text
    }
}
