import Foundation
import Shared
import TestNetwork
import Testing

/// Real processes that are killed, and that meet.
extension StakingCommandTests {
    /// Where a stake is when its process goes away.
    enum Moment: CaseIterable, Sendable {
        /// The approval is on disk; the chain has not got it.
        case approving
        /// The approval is in a block, and the stake not signed.
        case approved
        /// The stake is on disk; the chain has not got it.
        case staking

        /// The call that the chain does not answer then, and what is in it.
        fileprivate var stalls: (method: String, about: String) {
            switch self {
            case .approving: ("eth_sendRawTransaction", "095ea7b3")
            case .approved: ("eth_call", "a694fc3a")
            case .staking: ("eth_sendRawTransaction", "a694fc3a")
            }
        }
    }

    @Test(
        "a stake killed on its way is the next command's: nothing is signed twice, and no allowance stands",
        arguments: Moment.allCases)
    func killed(at moment: Moment) async throws {
        let stakeholder = try await Stakeholder()
        defer { stakeholder.remove() }
        let (chain, stalls) = (stakeholder.chain, moment.stalls)
        try await chain.fault(stalls.method, ["sleep": 30, "http": 503, "about": [.string(stalls.about)]], count: 100)
        let killed = try stakeholder.start("staking", "stake", "1000", "--yes", log: "killed.log")
        switch moment {
        case .approving: try await chain.wait(for: 1, of: "eth_sendRawTransaction")
        case .approved: try await killed.line(within: 30) { $0.contains("approve: in block") }
        case .staking: try await chain.wait(for: 2, of: "eth_sendRawTransaction")
        }
        try await killed.crash()
        #expect(try await stakeholder.transactions() == (moment == .approving ? 0 : 1))
        let left = try await stakeholder.status()["allowance"]?.text
        #expect(left == (moment == .approving ? "0" : "1000"))
        let signed = ["approve"] + (moment == .staking ? ["stake"] : [])
        #expect(try await stakeholder.intents() == signed, "on disk before it is sent")

        try await chain.ask("dev_fault", .string(stalls.method), [])
        let next = try await stakeholder.run("staking", "stake", "1000", "--yes")
        #expect(next.status == 0, "\(next.output)")
        switch moment {
        case .approving: #expect(next.output.contains("approve: waiting for 0x"), "\(next.output)")
        case .approved: #expect(!next.output.contains("approve"), "\(next.output)")
        case .staking: #expect(next.output.contains("stake: waiting for 0x"), "\(next.output)")
        }
        #expect(try await stakeholder.intents() == ["approve", "stake"])
        #expect(try await stakeholder.transactions() == 2)
        let status = try await stakeholder.status()
        #expect(status["staked"]?.text == "1000" && status["allowance"]?.text == "0")
    }

    @Test("while a process makes a transaction, a second one in its folder says so in one sentence, and signs nothing")
    func turns() async throws {
        let stakeholder = try await Stakeholder()
        defer { stakeholder.remove() }
        try await stakeholder.chain.fault("eth_sendRawTransaction", ["http": 503], count: 10_000)
        let first = try stakeholder.start("staking", "stake", "1000", "--yes", log: "first.log")
        try await first.line(within: 30) { $0.contains("approve: sending") }
        let second = try stakeholder.start("staking", "stake", "1000", "--yes", log: "second.log")
        // It waits a minute for the first.
        #expect(try await second.end(within: 120) == 1)
        let sentence = "Another process of this node is making a transaction, or the folder cannot be written to."
        #expect(second.text.contains(sentence), "\(second.text)")
        #expect(second.text.split(separator: "\n").count { !$0.hasPrefix("Note: Will ") } == 1, "\(second.text)")
        #expect(try await stakeholder.intents() == ["approve"])
        try await first.crash()
        try await stakeholder.chain.ask("dev_fault", "eth_sendRawTransaction", [])
        let third = try await stakeholder.run("staking", "stake", "1000", "--yes")
        #expect(third.status == 0, "\(third.output)")
        #expect(try await stakeholder.intents() == ["approve", "stake"])
        #expect(try await stakeholder.transactions() == 2)
    }
}
