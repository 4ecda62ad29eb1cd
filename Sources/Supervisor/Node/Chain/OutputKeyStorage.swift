internal import CoFHE
internal import Coordination
package import Ethereum
internal import Logging
internal import Shared

/// Puts the key of an answer where its reader, and nobody else, can have it decrypted: the handles of its halves in the
/// network's key store, under the id of the job (icl.md 1.6, chain.md 3).
package struct OutputKeyStorage: Sendable {
    typealias Halves = (high: PromptKeyStoreContract.Input, low: PromptKeyStoreContract.Input)

    /// Why a result must not be posted yet: the coordinator takes its handles from the chain, zeros and a stranger's too.
    enum Failure: Error {
        case transaction(TransactionError)
        case contract(ContractError)
        /// The error of the last look; nil where it saw other handles, or none.
        case notReadBack(ContractError?)
    }

    private let keyStore: PromptKeyStoreContract
    private let queue: TransactionQueue
    private let lag: Duration

    private static let pause = Duration.milliseconds(200)

    /// - Parameter lag: how long an endpoint may lag behind the one that had the receipt.
    package init(_ keyStore: PromptKeyStoreContract, queue: TransactionQueue, lag: Duration = .seconds(10)) {
        self.keyStore = keyStore
        self.queue = queue
        self.lag = lag
    }

    /// Whether a key could be stored at all; asked before a job is claimed, for afterwards its failure costs.
    func takesKeys() async throws(Failure) -> Bool {
        do throws(ContractError) { return try await keyStore.takesKeys(from: queue.sender) } catch {
            throw .contract(error)
        }
    }

    /// Stores both halves for `reader`, paid for once: until `close`, also after a crash, the same halves are those that
    /// were stored.
    ///
    /// - Returns: the receipt of the transaction that stored them.
    func store(_ halves: Halves, of job: JobID, for reader: Address) async throws(Failure) -> Receipt {
        let intent = intent(halves, job, reader)
        do throws(TransactionError) { return try await queue.perform(intent, tells: false) } catch {
            throw .transaction(error)
        }
    }

    /// Whether a transaction that stores them was signed and is not closed; asks nobody.
    func hasBegun(_ halves: Halves, of job: JobID, for reader: Address) async -> Bool {
        (try? await queue.mayTakeUp(intent(halves, job, reader))) ?? false
    }

    private func intent(_ halves: Halves, _ job: JobID, _ reader: Address) -> Intent {
        keyStore.store(
            PromptKeyStoreContract.outputKeyID(job: job.text), high: halves.high, low: halves.low, readers: [reader],
            from: queue.sender)
    }

    /// The journal has what comes of this transaction, or nothing does.
    func close(_ receipt: Receipt) async {
        // One that stays untold for a day costs a look at the chain with each transaction, no more.
        try? await queue.tell(receipt)
    }

    /// Returns once both halves stand under the job's id as they were stored. Anybody may write there.
    func readBack(_ halves: Halves, of job: JobID) async throws(Failure) {
        let id = PromptKeyStoreContract.outputKeyID(job: job.text)
        let end = ContinuousClock.now + lag
        while true {
            var failure: ContractError?
            do throws(ContractError) {
                if try await keyStore.handles(id) == (halves.high.storedHandle, halves.low.storedHandle) { return }
            } catch { failure = error }
            guard ContinuousClock.now < end, (try? await Task.sleep(for: OutputKeyStorage.pause)) != nil else {
                throw .notReadBack(failure)
            }
        }
    }
}

extension OutputKeyStorage.Failure {
    /// Whether a transaction is in a block, and has done nothing.
    var isPaidFor: Bool {
        switch self {
        case .transaction(.reverted), .transaction(.withoutEvent): true
        default: false
        }
    }

    /// One word for the log.
    var code: String {
        switch self {
        case .transaction(let error): ChainFailure.code(of: error)
        case .contract(let error), .notReadBack(let error?): ChainFailure.code(of: error)
        case .notReadBack(nil): "not_read_back"
        }
    }
}
