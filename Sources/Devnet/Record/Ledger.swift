package import Shared
internal import Synchronization

/// What happened on this devnet: every violation, and how often each node called what. Bounded.
package final class Ledger: Sendable {
    package struct Entry: Sendable {
        package let time: Double
        package let violation: Violation
        /// As the caller named itself; nil for calls that carry no name.
        package let node: String?
        package let job: String?
        /// Method and path of the call.
        package let call: String
        package let detail: String
    }

    static let maximumEntries = 1000
    static let maximumNodes = 256
    static let maximumTextBytes = 256

    private struct State {
        var entries: [Entry] = []
        var dropped = 0
        var calls: [String: [String: Int]] = [:]
    }
    private let state = Mutex(State())

    package init() {}

    func record(
        _ violation: Violation, at time: Double, node: String?, job: String? = nil, call: String, detail: String
    ) {
        let entry = Entry(
            time: time, violation: violation, node: node.map(Ledger.bounded), job: job.map(Ledger.bounded),
            call: Ledger.bounded(call), detail: Ledger.bounded(detail))
        state.withLock { state in
            if state.entries.count < Ledger.maximumEntries { state.entries.append(entry) } else { state.dropped += 1 }
        }
    }

    /// Counts one call. `route` must come from a fixed list, never from the caller.
    func count(_ route: String, by node: String?) {
        let name = Ledger.bounded(node ?? "-")
        state.withLock { state in
            guard state.calls[name] != nil || state.calls.count < Ledger.maximumNodes else { return }
            state.calls[name, default: [:]][route, default: 0] += 1
        }
    }

    package var entries: [Entry] { state.withLock { $0.entries } }

    package func calls(of node: String) -> [String: Int] { state.withLock { $0.calls[node] ?? [:] } }

    /// Forgets entries and counters.
    func clear() { state.withLock { $0 = State() } }

    /// `{errors, droppedErrors, calls}`.
    package var report: JSONValue {
        let (entries, dropped, calls) = state.withLock { ($0.entries, $0.dropped, $0.calls) }
        let errors = entries.map { entry in
            JSONValue.object([
                .init("time", .seconds(entry.time)), .init("code", .string(entry.violation.rawValue)),
                .init("node", .optional(entry.node)), .init("job", .optional(entry.job)),
                .init("call", .string(entry.call)), .init("detail", .string(entry.detail)),
            ])
        }
        let counters = calls.sorted { $0.key < $1.key }.map { node, routes in
            JSONValue.Member(
                node, .object(routes.sorted { $0.key < $1.key }.map { .init($0.key, .integer($0.value)) }))
        }
        return ["errors": .array(errors), "droppedErrors": .integer(dropped), "calls": .object(counters)]
    }

    private static func bounded(_ text: String) -> String {
        text.utf8.count <= maximumTextBytes ? text : String(text.prefix(64)) + "…"
    }
}

extension JSONValue {
    static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    /// Unix seconds with milliseconds.
    static func seconds(_ time: Double?) -> JSONValue {
        guard let time else { return .null }
        let milliseconds = Int((time * 1000).rounded())
        let fraction = String(milliseconds % 1000)
        return .number("\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction)
    }
}
