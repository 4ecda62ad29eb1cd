import ContentStore
import Testing

@Suite struct GatewayRaceTests {
    /// The actions that follow these events, the first start included.
    private func actions(_ order: [Int], _ events: [GatewayRace.Event]) -> [GatewayRace.Action] {
        var race = GatewayRace(order: order, limit: 10)
        var actions = [race.begin()]
        for event in events { actions.append(race.handle(event)) }
        return actions
    }

    private func tally(_ change: (inout GatewayTally) -> Void) -> GatewayTally {
        var tally = GatewayTally()
        change(&tally)
        return tally
    }

    @Test("a failure starts the next gateway at once, and the last one's names the error")
    func failures() {
        let absent = tally { $0.notFound = 2 }
        #expect(
            actions([5, 3], [.failed(5, .notFound), .failed(3, .notFound)]) == [
                .start(5), .start(3), .fail(.notFound(absent)),
            ])
    }

    @Test("a late failure of a gateway that has its successor starts nobody")
    func lateFailure() {
        #expect(
            actions([0, 1, 2], [.hedge(after: 0), .failed(0, .notFound), .hedge(after: 1)]) == [
                .start(0), .start(1), .wait, .start(2),
            ])
    }

    @Test("the wait of a gateway that has failed, or has its successor, starts nobody when it ends")
    func staleWaits() {
        #expect(
            actions([0, 1, 2], [.failed(0, .timedOut), .hedge(after: 0), .hedge(after: 1), .hedge(after: 1)]) == [
                .start(0), .start(1), .wait, .start(2), .wait,
            ])
    }

    @Test("when the successor fails first, the next one starts though an earlier one is still at work")
    func successorFails() {
        let failed = tally { ($0.notFound, $0.timedOut, $0.mismatched) = (1, 1, 1) }
        #expect(
            actions(
                [0, 1, 2],
                [.hedge(after: 0), .failed(1, .notFound), .failed(2, .mismatch(.unrecognised)), .failed(0, .timedOut)])
                == [.start(0), .start(1), .start(2), .wait, .fail(.mismatch(failed))])
    }

    @Test("only those beyond their time count as overtaken by the winner")
    func overtaken() {
        var race = GatewayRace(order: [0, 1, 2], limit: 10)
        _ = race.begin()
        _ = race.handle(.hedge(after: 0))
        #expect(race.handle(.delivered(1, [7])) == .finish([7]))
        #expect(race.overdue == [0])
        #expect(race.running == [0])
    }

    @Test("the deadline counts those at work as timed out, but wrong content stays the news")
    func deadline() {
        #expect(actions([0, 1], [.hedge(after: 0), .deadline]).last == .fail(.timedOut(tally { $0.timedOut = 2 })))
        #expect(
            actions([0, 1], [.failed(0, .mismatch(.wrongRoot)), .deadline]).last
                == .fail(.mismatch(tally { ($0.mismatched, $0.timedOut) = (1, 1) })))
        #expect(actions([], []) == [.fail(.noGateways)])
    }
}
