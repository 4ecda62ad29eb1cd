internal import Foundation
internal import Glibc
package import Logging
internal import Shared

/// Writes one line an event to standard error: for people, or as JSON.
package struct LineLogHandler: LogHandler {
    package enum Format: Sendable { case text, json }

    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    private let format: Format
    /// `0x` and the first 8 digits: tells the nodes of one machine apart.
    private let node: String

    package init(format: Format, level: Logger.Level, node: String) {
        self.format = format
        logLevel = level
        self.node = node
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let time = Date.now.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
        var line: [UInt8]
        switch format {
        case .text:
            let level = event.level.rawValue.uppercased().padding(toLength: 8, withPad: " ", startingAt: 0)
            line = Array("[\(time)Z] [\(level)] [\(node)] \(event.message)".utf8)
            for (key, value) in fields { line += " \(key)=\(LineLogHandler.plain("\(value)"))".utf8 }
        case .json:
            line = JSONValue.object(
                [
                    .init("time", .string(time + "Z")), .init("level", .string(event.level.rawValue)),
                    .init("node", .string(node)), .init("event", .string("\(event.message)")),
                ] + fields.map { .init($0.key, .string("\($0.value)")) }
            ).encoded()
        }
        line.append(UInt8(ascii: "\n"))
        // One call a line, so that lines of different threads never mix.
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Ids come from the network: nothing in one may look like another field or line.
    private static func plain(_ value: String) -> String {
        value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }
            ? value : String(decoding: JSONValue.string(value).encoded(), as: UTF8.self)
    }
}
