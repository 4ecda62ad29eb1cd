import Foundation
import Shared
import Supervisor
import TestNetwork

/// Prints the project's timings as a Markdown table. Medians on this machine, release build, loopback only.
@main
struct Bench {
    static func main() async throws {
        var rows: [Row] = []
        try await WorkerBench.run(into: &rows)
        try await NodeBench.run(into: &rows)
        try await ChainBench.run(into: &rows)
        try await CoFHEBench.run(into: &rows)
        print("| what | measured | at most |\n|---|---|---|")
        for row in rows { print("| \(row.what) | \(row.measured) | \(row.limit) |") }
        if rows.contains(where: { !$0.isWithin }) {
            print("\nAbove the limit: " + rows.filter { !$0.isWithin }.map(\.what).joined(separator: "; "))
            exit(1)
        }
    }
}

struct Row {
    let what: String
    let measured: String
    let limit: String
    let isWithin: Bool

    /// One or more figures, each beside its limit.
    init(_ what: String, _ figures: [Double], atMost limits: [Double], unit: String) {
        self.what = what
        let suffix = unit.isEmpty ? "" : " " + unit
        measured = figures.map { String(format: $0 < 0.1 ? "%.2f" : "%.1f", $0) }.joined(separator: " / ") + suffix
        limit = limits.map { String(format: "%g", $0) }.joined(separator: " / ") + suffix
        isWithin = zip(figures, limits).allSatisfy { $0 <= $1 }
    }
}

extension [Double] {
    func percentile(_ part: Double) -> Double { sorted()[Swift.min(count - 1, Int(Double(count) * part))] }
    var median: Double { percentile(0.5) }
}

extension Duration {
    var inMilliseconds: Double { Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15 }
}
