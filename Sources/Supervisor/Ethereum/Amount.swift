/// An amount of BLIND or ETH in units of 10⁻¹⁸. Whole numbers all the way: no fraction is ever rounded.
package struct Amount: Sendable, Hashable, Comparable {
    package static let decimals = 18
    private static let unit: UInt128 = 1_000_000_000_000_000_000

    package let units: UInt128

    package init(units: UInt128) { self.units = units }
    package init(whole: UInt64) { units = UInt128(whole) * Amount.unit }

    /// Reads digits with at most one point and at most 18 digits behind it, such as `1234.567`. Nil for anything else: a
    /// sign, an exponent, separators, blanks, and what is 2¹²⁸ units or more.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = parts.first.map({ String($0) }), !whole.isEmpty, parts.count <= 2 else { return nil }
        let fraction = parts.count == 2 ? String(parts[1]) : "0"
        guard !fraction.isEmpty, fraction.utf8.count <= Amount.decimals else { return nil }
        let padding = String(repeating: "0", count: Amount.decimals - fraction.utf8.count)
        let digits = whole + fraction + padding
        guard let word = Word(decimal: digits), let units = UInt128(word) else { return nil }
        self.units = units
    }

    /// Exact and as short as can be: `1234.567`.
    package var text: String {
        let digits = String(units % Amount.unit)
        let fraction = String(repeating: "0", count: Amount.decimals - digits.count) + digits
        let short = fraction.reversed().drop { $0 == "0" }.reversed()
        return String(units / Amount.unit) + (short.isEmpty ? "" : "." + String(short))
    }

    package var word: Word { Word(units) }

    package static func < (left: Amount, right: Amount) -> Bool { left.units < right.units }
}
