/// The order of one job's frames, run by both ends of the channel. It does no I/O: a frame that was sent or received goes
/// in, and out comes whether the job goes on.
///
/// ```
/// fresh ─ready→ idle ─start→ started ─sealingKey→ sealed ─material→ working ─output→ answered ─outputKey→ stored
///                              working, answered: connect → endpoint, a few times        answered|stored ─done→ over
/// ```
package struct JobMachine: ~Copyable {
    package enum Role: String, Sendable { case leader, verifier }

    /// What to do after an event.
    package enum Action: Equatable, Sendable {
        /// The job goes on.
        case proceed
        /// The job is over in good order, or with the worker's own failure code.
        case finish
        /// The frame may not come now: end the job, keep nothing.
        case refuse
    }

    package enum Phase: Equatable, Sendable { case fresh, idle, started, sealed, working, answered, stored, over }

    /// The model, and the encryption service with one retry.
    package static let maximumConnections = 4

    package private(set) var phase = Phase.fresh
    private var role = Role.verifier
    private var connections = 0
    private var awaitsEndpoint = false

    package init() {}

    /// Takes note of a frame; a `start` frame says the role with `starts`.
    package mutating func observe(_ kind: MessageKind, starts newRole: Role? = nil) -> Action {
        guard let action = transition(kind, newRole) else {
            phase = .over
            return .refuse
        }
        return action
    }

    private mutating func transition(_ kind: MessageKind, _ newRole: Role?) -> Action? {
        if awaitsEndpoint, kind != .endpoint, kind != .failed { return nil }
        switch (phase, kind) {
        case (.fresh, .ready): phase = .idle
        case (.idle, .start):
            guard let newRole else { return nil }
            role = newRole
            phase = .started
        case (.started, .sealingKey): phase = .sealed
        case (.sealed, .material): phase = .working
        case (.working, .connect), (.answered, .connect):
            guard connections < JobMachine.maximumConnections else { return nil }
            guard phase == .working || role == .leader else { return nil }
            connections += 1
            awaitsEndpoint = true
        case (.working, .endpoint), (.answered, .endpoint):
            guard awaitsEndpoint else { return nil }
            awaitsEndpoint = false
        case (.working, .output): phase = .answered
        case (.answered, .outputKey):
            guard role == .leader else { return nil }
            phase = .stored
        case (.answered, .done):
            guard role == .verifier else { return nil }
            return finish()
        case (.stored, .done): return finish()
        case (.started, .failed), (.sealed, .failed), (.working, .failed), (.answered, .failed): return finish()
        default: return nil
        }
        return .proceed
    }

    private mutating func finish() -> Action {
        phase = .over
        return .finish
    }
}
