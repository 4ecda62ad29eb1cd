import Ethereum
import LocalNode
import Testing

@testable import Supervisor

@Suite("Transactions in the journal")
struct JournalTransactionTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func journal() throws -> Journal { try Journal(path: folder.path("journal.sqlite")) }

    private func signed(_ key: PrivateKey, nonce: UInt64, chain: UInt64 = 421_614) -> SignedTransaction {
        Transaction(
            chainID: chain, nonce: nonce, fees: .dynamic(maximum: Word(7), tip: Word(0)), gas: 21_000, to: .zero
        ).signed(by: key)
    }

    private func record(_ key: PrivateKey, nonce: UInt64, chain: UInt64 = 421_614) -> TransactionRecord {
        TransactionRecord(
            intent: "stake", sender: key.address,
            event: ExpectedEvent(
                emitter: .zero, topics: [[UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32)]),
            first: signed(key, nonce: nonce, chain: chain), createdAt: 1000)
    }

    @Test("a record comes back whole, with all versions, until its end is known, and told where it came about")
    func roundTrip() async throws {
        let key = try PrivateKey.generate()
        var record = record(key, nonce: 0)
        try await journal().save(record)
        #expect(try await journal().openTransactions(of: key.address, chainID: 421_614, recent: 999) == [record])
        record.versions.append(signed(key, nonce: 1))
        record.state = .included
        try await journal().save(record)
        #expect(try await journal().openTransactions(of: key.address, chainID: 421_614, recent: 999) == [record])
        record.state = .final
        try await journal().save(record)
        #expect(try await journal().openTransactions(of: key.address, chainID: 421_614, recent: 999) == [record])
        let later = try await journal().openTransactions(of: key.address, chainID: 421_614, recent: 1000)
        #expect(later.isEmpty)
        record.isTold = true
        for state in [TransactionRecord.State.final, .failed, .replaced, .refused] {
            record.state = state
            try await journal().save(record)
            #expect(try await journal().openTransactions(of: key.address, chainID: 421_614, recent: 999).isEmpty)
        }
        #expect(try await journal().intents() == ["stake"])
    }

    @Test("who was told stays told, whatever another process knows")
    func told() async throws {
        let key = try PrivateKey.generate()
        var record = record(key, nonce: 0)
        record.state = .included
        record.isTold = true
        try await journal().save(record)
        record.isTold = false
        for state in [TransactionRecord.State.included, .signed] {
            record.state = state
            try await journal().save(record)
            let open = try await journal().openTransactions(of: key.address, chainID: 421_614, recent: 999)
            #expect(open.map(\.isTold) == [true], "\(state)")
        }
    }

    @Test("records of another wallet and of another chain are not ours; ours come oldest first")
    func others() async throws {
        let (key, other) = (try PrivateKey.generate(), try PrivateKey.generate())
        let ours = (0..<3).map { record(key, nonce: $0) }
        let journal = try journal()
        for record in [ours[0], record(other, nonce: 0), ours[1], record(key, nonce: 0, chain: 1), ours[2]] {
            try await journal.save(record)
        }
        #expect(try await journal.openTransactions(of: key.address, chainID: 421_614, recent: 999) == ours)
    }
}
