extension String {
    /// A peer's words, fit for an operator's terminal and log: one line of printable characters, and not more than `limit`
    /// of them.
    package func plain(limit: Int = 200) -> String {
        let shown = prefix(limit).map { character in
            character.unicodeScalars.allSatisfy { PlainText.isPrintable($0) } ? character : " "
        }
        return String(shown) + (dropFirst(limit).isEmpty ? "" : "…")
    }
}

private enum PlainText {
    /// Neither control characters nor those that change the direction or the order of others.
    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
