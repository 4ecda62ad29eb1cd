internal import Shared

/// One call on its way to a room: the request, what the pattern matched, and who signed it.
struct Call {
    let request: ServedRequest
    /// What stood in the place of each `*`.
    let parameters: [String]
    /// EIP-55, proven by a signature; empty on routes that need none.
    let caller: String
    /// The pattern with its method, safe to count and to print.
    let route: String

    /// The body as a JSON object of at most 1 MiB.
    func object() throws -> JSONValue {
        guard let value = try? JSONValue(parsing: request.body), case .object = value else {
            throw Refusal(400, "Invalid JSON body", .bodyNotJSON)
        }
        return value
    }
}

/// A method, a path pattern (`*` stands for one part) and the room that answers.
struct Route: Sendable {
    let method: String
    let pattern: [String]
    let answer: @Sendable (Call) throws -> Reply

    init(_ method: String, _ pattern: String, answer: @escaping @Sendable (Call) throws -> Reply) {
        self.method = method
        self.pattern = pattern.split(separator: "/").map(String.init)
        self.answer = answer
    }

    var name: String { method + " /" + pattern.joined(separator: "/") }

    /// What stands in the places of `*`; nil where the path does not fit.
    func match(_ path: [String]) -> [String]? {
        guard path.count == pattern.count else { return nil }
        var parameters: [String] = []
        for (part, expected) in zip(path, pattern) {
            if expected == "*" { parameters.append(part) } else if part != expected { return nil }
        }
        return parameters
    }
}
