/// A transaction that was signed: on disk before it is sent, so that no crash makes the node pay twice.
package struct TransactionRecord: Sendable, Equatable {
    package enum State: String, Sendable {
        /// It may be on its way: nothing else is signed for its sender before its end is known.
        case signed
        /// In a block with its event; a reorganisation of the chain may still drop it.
        case included
        /// In a block that will stay.
        case final
        /// In a block, but without its event, or reverted.
        case failed
        /// The chain took another transaction of this number.
        case replaced
        /// The chain would not have it. Its number is free.
        case refused

        package var isOpen: Bool { self == .signed || self == .included }
    }

    package let intent: String
    package let sender: Address
    package let event: ExpectedEvent
    /// All that was signed for one number, the newest last, never none. The chain takes one of them at most.
    package var versions: [SignedTransaction]
    package var state = State.signed
    /// Whether whoever asked for it was told that it came about. Another process may have seen it come about.
    package var isTold = false
    /// Unix seconds.
    package let createdAt: Int

    package init(intent: String, sender: Address, event: ExpectedEvent, first: SignedTransaction, createdAt: Int) {
        self.intent = intent
        self.sender = sender
        self.event = event
        versions = [first]
        self.createdAt = createdAt
    }

    /// Whether somebody may still ask what became of it: who repeats a call later than that means another.
    package func isOwed(since recent: Int) -> Bool { !isTold && createdAt > recent }

    package var latest: SignedTransaction { versions[versions.count - 1] }
    package var hashes: [[UInt8]] { versions.map(\.hash) }
    /// The chain that all versions are signed for.
    package var chainID: UInt64 { get throws { try latest.transaction().chainID } }
}

/// Where records outlive the process.
package protocol TransactionStore: Sendable {
    /// Those that are open, and those that came about without anybody being told, made after `recent` (Unix seconds);
    /// oldest first.
    func openTransactions(of sender: Address, chainID: UInt64, recent: Int) async throws -> [TransactionRecord]
    /// Puts the record on disk before it returns, in place of an earlier state of the same transaction: its first
    /// version tells it from others.
    func save(_ record: TransactionRecord) async throws
}
