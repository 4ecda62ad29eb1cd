package import Coordination
package import Shared

/// One job as the journal knows it: ids, hashes and exact bytes to be sent, nothing of prompt or answer.
package struct JournalEntry: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
        /// Being prepared; nothing was promised to anybody.
        case seen
        /// Promised to the coordinator: 300 s from here.
        case claimed
        /// The answer's hash is known; a result may wait to be sent.
        case computed
        /// The coordinator has it.
        case sent
        case failed
    }

    /// The coordinator's id, byte for byte.
    package let id: JobID
    package let role: JobMachine.Role
    package let model: String
    package let promptCID: String
    /// The requester's address as the coordinator wrote it.
    package let user: String?
    package var state = State.seen
    package var failure: JobFailure?
    /// Unix seconds.
    package var updatedAt: Int
    package var claimedAt: Int?
    /// SHA-256 of the normalised answer: all that a verifier needs to keep.
    package var innerHash: [UInt8]?
    package var commitment: [UInt8]?
    /// What a leader has made and not submitted yet (`LeaderOutput`): the storing of its key may be paid for already.
    package var output: [UInt8]?
    /// The request body as first computed; sent again unchanged after a crash.
    package var submission: [UInt8]?
    /// The sandbox receipt of the job's last worker, as JSON.
    package var receipt: [UInt8]?
    /// Microseconds from the first decrypted byte to the last wiped one, in all workers of the job together.
    package var exposure: Int?

    package init(
        id: JobID, role: JobMachine.Role, model: String, promptCID: String, user: String? = nil, updatedAt: Int
    ) {
        self.id = id
        self.role = role
        self.model = model
        self.promptCID = promptCID
        self.user = user
        self.updatedAt = updatedAt
    }
}
