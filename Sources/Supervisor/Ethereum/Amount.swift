/// An amount of BLIND or ETH in units of 10⁻¹⁸, or a price in wei. Whole numbers all the way: no fraction is rounded, and
/// what would be too large is the largest there is.
package struct Amount: Sendable, Hashable, Comparable {
    package static let decimals = 18
    private static let unit: UInt128 = 1_000_000_000_000_000_000

    package static let zero = Amount(units: 0)
    package static let largest = Amount(units: .max)

    // Two halves: in release builds of Swift 6.3, values with an alignment of 16 bytes crash async functions.
    private let high: UInt64
    private let low: UInt64

    package init(units: UInt128) {
        high = UInt64(truncatingIfNeeded: units >> 64)
        low = UInt64(truncatingIfNeeded: units)
    }

    package init(whole: UInt64) { self.init(units: UInt128(whole) * Amount.unit) }

    /// Nil from 2¹²⁸ on.
    package init?(_ word: Word) {
        guard word.fitsUnsigned(bits: 128) else { return nil }
        self.init(units: word.bytes.suffix(16).reduce(0) { $0 << 8 | UInt128($1) })
    }

    package var units: UInt128 { UInt128(high) << 64 | UInt128(low) }

    /// Reads digits with at most one point and at most 18 digits behind it, such as `1234.567`. Nil for anything else: a
    /// sign, an exponent, separators, blanks, and what is 2¹²⁸ units or more.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = parts.first.map({ String($0) }), !whole.isEmpty, parts.count <= 2 else { return nil }
        let fraction = parts.count == 2 ? String(parts[1]) : "0"
        guard !fraction.isEmpty, fraction.utf8.count <= Amount.decimals else { return nil }
        let padding = String(repeating: "0", count: Amount.decimals - fraction.utf8.count)
        let digits = whole + fraction + padding
        guard let word = Word(decimal: digits) else { return nil }
        self.init(word)
    }

    /// Exact and as short as can be: `1234.567`.
    package var text: String {
        let digits = String(units % Amount.unit)
        let fraction = String(repeating: "0", count: Amount.decimals - digits.count) + digits
        let short = fraction.reversed().drop { $0 == "0" }.reversed()
        return String(units / Amount.unit) + (short.isEmpty ? "" : "." + String(short))
    }

    package var word: Word { Word(units) }

    package static func + (left: Amount, right: Amount) -> Amount {
        let (sum, overflow) = left.units.addingReportingOverflow(right.units)
        return overflow ? largest : Amount(units: sum)
    }

    package static func * (left: Amount, right: UInt64) -> Amount {
        let (product, overflow) = left.units.multipliedReportingOverflow(by: UInt128(right))
        return overflow ? largest : Amount(units: product)
    }

    /// How often `part` is contained in it.
    package func count(of part: Amount) -> UInt64 { UInt64(clamping: units / max(1, part.units)) }

    package static func < (left: Amount, right: Amount) -> Bool { left.units < right.units }
}
