package import Ethereum

/// What a caller shows while a transaction takes its time.
package enum ChainStep: Sendable, Equatable {
    /// Something that was sent before comes first.
    case waiting(intent: String, hash: [UInt8])
    case sending(intent: String, hash: [UInt8])
    case included(intent: String, block: UInt64)
    /// An earlier command made the same transaction, and did not see its end: nothing is made beside it.
    case takenUp(intent: String, hash: [UInt8])
    case waitingForFinality

    package typealias Listener = @Sendable (ChainStep) -> Void
}

extension ChainStep {
    init(waitingFor record: TransactionRecord) {
        self = .waiting(intent: record.intent, hash: record.latest.hash)
    }
}

extension TransactionQueue {
    /// Blocks of a rollup become final within minutes.
    private static let finality = Duration.seconds(1800)

    /// Makes the transaction and waits for its block.
    func perform(
        _ intent: Intent, isRepeatable: Bool = false, tells: Bool = true, telling: @escaping ChainStep.Listener
    ) async throws(TransactionError) -> Receipt {
        try await perform(intent, isRepeatable: isRepeatable, tells: tells) { progress in
            switch progress {
            case .waiting(let record): telling(ChainStep(waitingFor: record))
            case .sending(let record): telling(.sending(intent: intent.name, hash: record.latest.hash))
            case .included(let receipt): telling(.included(intent: intent.name, block: receipt.blockNumber))
            }
        }
    }

    /// Brings to its end what an earlier command left open.
    package func settle(telling: @escaping ChainStep.Listener) async throws(TransactionError) {
        try await settle(waiting: { telling(ChainStep(waitingFor: $0)) })
    }

    /// The transaction of an earlier command that did not see its end, where it was for the same.
    func takeUp(_ intent: Intent, telling: @escaping ChainStep.Listener) async throws(TransactionError) -> Receipt? {
        guard let receipt = try await takeUp(intent, waiting: { telling(ChainStep(waitingFor: $0)) }) else {
            return nil
        }
        telling(.takenUp(intent: intent.name, hash: receipt.transaction))
        return receipt
    }

    /// Waits until the block will stay.
    func finalise(_ receipt: Receipt, telling: ChainStep.Listener) async throws(TransactionError) -> Receipt {
        telling(.waitingForFinality)
        return try await finalise(receipt, within: TransactionQueue.finality)
    }

    /// From the simulation to the block that stays.
    func complete(_ intent: Intent, telling: @escaping ChainStep.Listener) async throws(TransactionError) -> Receipt {
        try await finalise(perform(intent, tells: false, telling: telling), telling: telling)
    }
}
