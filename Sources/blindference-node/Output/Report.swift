internal import Glibc
internal import Shared

/// What a command found out, printed one way for all commands: lines for people, JSON for programs.
struct Report {
    struct Field {
        let key: String
        let label: String
        let value: JSONValue

        init(_ key: String, _ label: String, _ value: JSONValue) {
            self.key = key
            self.label = label
            self.value = value
        }
    }

    /// The end of a command that signed nothing. People have been told in words.
    static func showUnsigned(as format: OutputFormat) {
        if format == .json { show([.init("signed", "Signed", false)], as: .json) }
    }

    /// One object.
    static func show(_ fields: [Field], as format: OutputFormat) {
        switch format {
        case .json: write(.object(fields.map { .init($0.key, $0.value) }))
        case .table:
            let width = fields.map(\.label.count).max() ?? 0
            for field in fields {
                let padding = String(repeating: " ", count: width - field.label.count)
                line("\(field.label)\(padding)  \(plain(field.value))")
            }
        }
    }

    /// Many of one kind: `columns` name the keys and headings, every row has a value for each.
    ///
    /// - Parameter lastBeneath: people find what the last column says, if anything, in a line of its own under its row.
    static func show(
        columns: [(key: String, heading: String)], rows: [[JSONValue]], lastBeneath: Bool = false,
        as format: OutputFormat
    ) {
        switch format {
        case .json:
            write(.array(rows.map { row in .object(zip(columns, row).map { .init($0.key, $1) }) }))
        case .table:
            let shown = columns.count - (lastBeneath ? 1 : 0)
            let cells = [columns.map(\.heading)] + rows.map { $0.map(plain) }
            let widths = (0..<shown).map { column in cells.map { $0[column].count }.max() ?? 0 }
            for (index, row) in cells.enumerated() {
                let padded = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
                line(padded.joined(separator: "  "))
                if lastBeneath, index > 0, rows[index - 1].last != .null { line("      → \(row[shown])") }
            }
        }
    }

    private static func plain(_ value: JSONValue) -> String {
        switch value {
        case .null: "-"
        case .bool(let truth): truth ? "yes" : "no"
        case .number(let digits): digits
        case .string(let text): text
        case .array(let elements): elements.isEmpty ? "none" : elements.map(plain).joined(separator: ", ")
        case .object: String(decoding: value.encoded(), as: UTF8.self)
        }
    }

    private static func write(_ value: JSONValue) { line(String(decoding: value.encoded(), as: UTF8.self)) }
    private static func line(_ text: String) { Terminal.write(text + "\n", to: STDOUT_FILENO) }
}
