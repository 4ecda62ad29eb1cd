internal import Synchronization

/// The coordinator's memory behind one lock.
package final class Coordinator: Sendable {
    package struct Board: Sendable {
        package var challenges = ChallengeBook()
        package var operators = OperatorBook()
        package var jobs: JobBook
    }

    let ledger: Ledger
    let clock: DevClock
    private let board: Mutex<Board>

    package init(rules: JobBook.Rules = .init(), ledger: Ledger, clock: DevClock) {
        self.ledger = ledger
        self.clock = clock
        board = Mutex(Board(jobs: JobBook(rules: rules)))
    }

    /// Works on the board, and writes what it noticed into the ledger.
    func update<R: Sendable>(_ route: String, _ body: (inout Board, Double) throws -> R) throws -> R {
        let now = clock.now
        let (result, notes) = board.withLock { board -> (Result<R, any Error>, [JobBook.Note]) in
            let result = Result { try body(&board, now) }
            let notes = board.jobs.notes
            board.jobs.notes = []
            for note in notes where note.violation == .claimExpired { board.operators.count(\.failures, note.node) }
            return (result, notes)
        }
        for note in notes {
            ledger.record(
                note.violation, at: now, node: note.node, job: note.job, call: route, detail: note.detail)
        }
        return try result.get()
    }

    func read<R: Sendable>(_ body: (Board, Double) -> R) -> R {
        let now = clock.now
        return board.withLock { body($0, now) }
    }

    /// Records something that was answered as if it were right.
    func note(_ violation: Violation, _ call: Call, job: String?, _ detail: String) {
        ledger.record(violation, at: clock.now, node: call.caller, job: job, call: call.route, detail: detail)
    }
}
