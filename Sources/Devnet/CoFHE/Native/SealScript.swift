internal import Shared
internal import Synchronization

/// How the native network answers from now on, as tests say (`POST /dev/cofhe`).
final class SealScript: Sendable {
    enum Form: String { case flat, nested, queued }

    /// What is wrong with an answer that looks right.
    enum Lie: String {
        /// Signed by somebody else.
        case signature
        /// Sealed and signed for the key's other half.
        case swap
        /// An answer of an earlier job.
        case replay
        /// One number is missing from an array.
        case truncated
        /// An array of 40,000 numbers.
        case oversized
        /// A number that no byte has.
        case octet
    }

    struct State {
        var form = Form.flat
        var lie: Lie?
        var notReady = 0
        var notFound = 0
        /// By job.
        var refusals: [String: (status: Int, code: String)] = [:]
        /// Seconds by which the service's clock is ahead, so that permits have expired there.
        var ahead = 0.0
        /// The first answer of all, for `replay`.
        var first: JSONValue?
        var queue: [String: (answer: JSONValue, polls: Int)] = [:]
        /// Signatures of the permits that came, in hexadecimal; tests look for them where they must not be.
        var permits: [String] = []
        /// Their public sealing keys, likewise: tests look for the secret halves.
        var sealingKeys: [String] = []
    }

    private let state = Mutex(State())

    func withState<R: Sendable>(_ body: (inout State) throws -> R) rethrows -> R {
        try state.withLock { try body(&$0) }
    }

    /// `{form, lie, notReady, notFound, refusals: {job: {status, code}}, ahead}`; what is not named is as usual again.
    func set(_ body: JSONValue) throws {
        var next = State()
        if let text = body["form"]?.text {
            guard let form = Form(rawValue: text) else { throw Refusal(400, "form is flat, nested or queued", nil) }
            next.form = form
        }
        if let text = body["lie"]?.text {
            guard let lie = Lie(rawValue: text) else { throw Refusal(400, "no such lie", nil) }
            next.lie = lie
        }
        next.notReady = body["notReady"]?.int ?? 0
        next.notFound = body["notFound"]?.int ?? 0
        next.ahead = Double(body["ahead"]?.int ?? 0)
        if case .object(let members)? = body["refusals"] {
            for member in members {
                guard let status = member.value["status"]?.int, let code = member.value["code"]?.text else {
                    throw Refusal(400, "a refusal has status and code", nil)
                }
                next.refusals[member.key] = (status, code)
            }
        }
        withState { state in
            next.first = state.first
            next.queue = state.queue
            next.permits = state.permits
            next.sealingKeys = state.sealingKeys
            state = next
        }
    }

    /// Throws what must come in place of an answer about a job.
    func mayAnswer(about job: String?) throws {
        try withState { state in
            if state.notReady > 0 {
                state.notReady -= 1
                throw NetworkRefusal(204, "")
            }
            if state.notFound > 0 {
                state.notFound -= 1
                throw NetworkRefusal(404, "ct_not_found")
            }
            if let job, let refusal = state.refusals[job] { throw NetworkRefusal(refusal.status, refusal.code) }
        }
    }
}
