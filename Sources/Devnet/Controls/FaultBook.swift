internal import Shared
internal import Synchronization

/// Faults that a test scripted for the next calls.
final class FaultBook: Sendable {
    enum Action: String {
        case status, hang, drip, close, garbage, delay
        case wrongBytes = "wrong_bytes"
    }

    struct Fault: Sendable {
        let path: String
        let method: String?
        /// Only calls signed by this address.
        let node: String?
        /// Only calls whose body has this text, for example one JSON-RPC method.
        let contains: String?
        let action: Action
        let status: Int
        let milliseconds: Int
        /// The call takes effect first; the caller does not learn it.
        let after: Bool
        /// nil: until cleared.
        var left: Int?
    }

    static let maximum = 256
    private let faults = Mutex<[Fault]>([])

    /// `{path, action, [method], [node], [contains], [status], [ms], [after], [count]}`; count 0 is endless.
    func add(_ body: JSONValue) throws {
        guard let path = body["path"]?.text, path.hasPrefix("/"), let name = body["action"]?.text,
            let action = Action(rawValue: name)
        else { throw Refusal(400, "path and action are required", nil) }
        let count = body["count"]?.int ?? 1
        let fault = Fault(
            path: path, method: body["method"]?.text, node: body["node"]?.text, contains: body["contains"]?.text,
            action: action, status: body["status"]?.int ?? 503, milliseconds: body["ms"]?.int ?? defaultWait(action),
            after: body["after"]?.truth ?? false, left: count == 0 ? nil : count)
        guard count >= 0, (200...599).contains(fault.status), (0...3_600_000).contains(fault.milliseconds) else {
            throw Refusal(400, "count, status or ms out of range", nil)
        }
        try faults.withLock { faults in
            guard faults.count < FaultBook.maximum else { throw Refusal(400, "too many faults", nil) }
            faults.append(fault)
        }
    }

    func clear() { faults.withLock { $0 = [] } }

    /// The first fault that fits the call, used up once.
    func take(for request: ServedRequest) -> Fault? {
        let path = "/" + request.path.joined(separator: "/")
        return faults.withLock { faults in
            let fitting = faults.firstIndex { fault in
                path.hasPrefix(fault.path) && (fault.method ?? request.method) == request.method
                    && (fault.node == nil || fault.node == request.headers["x-node-address"])
                    && (fault.contains.map { String(decoding: request.body, as: UTF8.self).contains($0) } ?? true)
            }
            guard let fitting else { return nil }
            let fault = faults[fitting]
            if let left = fault.left {
                if left <= 1 { faults.remove(at: fitting) } else { faults[fitting].left = left - 1 }
            }
            return fault
        }
    }

    var count: Int { faults.withLock { $0.count } }

    private func defaultWait(_ action: Action) -> Int {
        switch action {
        case .hang: 600_000
        case .drip: 200
        default: 1000
        }
    }
}

extension FaultBook.Fault {
    /// How the call goes out; `answer` does its work and is called at most once.
    func delivery(_ answer: () -> Reply) -> Delivery {
        switch action {
        case .delay: return .delayed(answer(), milliseconds: milliseconds)
        case .drip: return .drip(answer(), millisecondsPerByte: milliseconds)
        case .wrongBytes:
            var reply = answer()
            if !reply.body.isEmpty { reply.body[reply.body.count / 2] ^= 0x01 }
            return .reply(reply)
        case .status, .hang, .close, .garbage:
            if after { _ = answer() }
        }
        switch action {
        case .hang: return .hang(milliseconds: milliseconds)
        case .close: return .reset
        case .garbage: return .garbage
        default: return .reply(.json(["detail": "scripted fault"], status: status))
        }
    }
}
