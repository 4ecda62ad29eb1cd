import Foundation
import Shared
import TestNetwork
import Testing

/// What is asked at a terminal, and what programs read.
extension StakingCommandTests {
    @Test("at a terminal the password is asked for first and not shown, then what would be done; only a yes signs")
    func terminal() async throws {
        let stakeholder = try await Stakeholder()
        defer { stakeholder.remove() }
        func stake(_ answer: String) async throws -> String {
            let (status, shown) = try await stakeholder.terminal.run("staking", "stake", "1000", answering: answer)
            #expect(status == 0, "\(shown)")
            return shown
        }
        let refused = try await stake("n")
        let words = try #require(refused.range(of: "Will stake 1000 of your 10000 BLIND"))
        let password = try #require(refused.lowercased().range(of: "password"))
        #expect(password.lowerBound < words.lowerBound, "\(refused)")
        #expect(refused.contains("Nothing was signed") && !refused.contains("correct horse"), "\(refused)")
        #expect(try await stakeholder.transactions() == 0)
        let agreed = try await stake("y")
        #expect(agreed.contains("stake: in block"), "\(agreed)")
        let more = try await stake("n")
        #expect(more.contains("of your 9000 BLIND beside the 1000 that are staked"), "\(more)")
        #expect(try await stakeholder.transactions() == 2)
    }

    @Test("unstake and withdraw can be looked at, ask at a terminal, and sign after a yes; programs read their end")
    func takingBack() async throws {
        let stakeholder = try await Stakeholder()
        defer { stakeholder.remove() }
        let staked = try await stakeholder.run("staking", "stake", "1000", "--yes", "--format", "json")
        #expect(staked.status == 0, "\(staked.output)")
        try await isDone(try staked.output.report(), of: stakeholder)
        var count = try await stakeholder.transactions()
        #expect(count == 2, "approve, stake")
        for (command, action) in [("unstake", "unstake all 1000 BLIND"), ("withdraw", "withdraw 1000 BLIND")] {
            if command == "withdraw" { try await stakeholder.chain.ask("dev_advanceTime", 345_601) }
            let dry = try await stakeholder.run("staking", command, "--dry-run")
            #expect(dry.status == 0 && dry.output.contains("Would \(action)"), "\(dry.output)")
            #expect(dry.output.contains("ETH. Nothing was signed."), "\(dry.output)")
            let dryReport = try await stakeholder.run("staking", command, "--dry-run", "--format", "json")
            #expect(try dryReport.output.report() == ["signed": false], "\(dryReport.output)")

            let refused = try await stakeholder.terminal.run("staking", command, answering: "n")
            #expect(refused.status == 0 && refused.shown.contains("Will \(action)"), "\(refused.shown)")
            #expect(refused.shown.contains("Nothing was signed"), "\(refused.shown)")
            #expect(try await stakeholder.transactions() == count)

            let agreed = try await stakeholder.terminal.run("staking", command, "--format", "json", answering: "y")
            #expect(agreed.status == 0 && agreed.shown.contains("\(command): in block"), "\(agreed.shown)")
            try await isDone(try agreed.shown.report(), of: stakeholder)
            count += 1
            #expect(try await stakeholder.transactions() == count)
        }
        #expect(try await stakeholder.status()["balance"]?.text == "10000")
    }

    /// Expects that the report is of a transaction of the chain, and that all of it is there.
    private func isDone(_ report: JSONValue, of stakeholder: Stakeholder) async throws {
        let hash = try #require(report["transaction"]?.text, "\(report)")
        let receipt = try await stakeholder.chain.ask("eth_getTransactionReceipt", .string(hash))
        #expect(receipt["status"] == "0x1")
        for (name, member) in [("block", "blockNumber"), ("gasUsed", "gasUsed")] {
            #expect(report[name]?.int.map { "0x" + String($0, radix: 16) } == receipt[member]?.text, "\(name)")
        }
        #expect(report["explorer"]?.text == "https://sepolia.arbiscan.io/tx/" + hash)
    }
}
