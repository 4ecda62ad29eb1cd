import Coordination
import Ethereum
import Shared
import TestChain
import Testing

@testable import Supervisor

/// Two nodes' wallets at the real registry of commitments.
@Suite("Commitments to what was computed", .serialized)
struct ExecutionCommitmentTests {
    private let job: JobID
    private let number: Word

    init() throws {
        number = try #require(Word(bytes: [UInt8](repeating: 0xb1, count: 32)))
        job = try #require(JobID("0x" + Hexadecimal.encode(number.bytes)))
    }

    private let output = [UInt8](repeating: 7, count: 32)

    @Test("both seal, then both open, also with an answer computed again; equal outputs verify")
    func verified() async throws {
        let (leader, verifier) = try await nodes()
        try await leader.commitments.add(output, of: job, as: .leader)
        try await verifier.commitments.add(output, of: job, as: .verifier)
        for node in [leader, verifier] { await node.commitments.look() }
        #expect(try await leader.invocation(number).status == .none)
        #expect(try await leader.intents().isEmpty, "nobody dispatched it yet")

        try await leader.chain.dispatch(job.text, to: leader.node.checksummed, verifier.node.checksummed)
        for _ in 0..<2 { await leader.commitments.look() }
        #expect(try await leader.invocation(number).status == .partlyCommitted)
        // A second answer, as after a restart: what is sealed already stays.
        try await leader.commitments.add([UInt8](repeating: 8, count: 32), of: job, as: .leader)
        for _ in 0..<2 { await verifier.commitments.look() }
        #expect(try await leader.invocation(number).status == .partlyRevealed)
        await leader.commitments.look()
        #expect(try await leader.invocation(number).status == .verified)
        for node in [leader, verifier] {
            #expect(try await node.intents() == ["commit", "reveal"])
            #expect(node.log.events == ["commitment_sealed", "commitment_opened"])
            #expect(try await node.journal.openCommitments().isEmpty)
        }
    }

    @Test("a job that was dispatched to others, and one with another kind of id, cost nothing")
    func others() async throws {
        let (leader, verifier) = try await nodes()
        let third = try await WatchBench(beside: leader)
        try await leader.chain.dispatch(job.text, to: leader.node.checksummed, verifier.node.checksummed)
        try await third.commitments.add(output, of: job, as: .verifier)
        // A leader by its own account, the verifier by the registry's.
        try await verifier.commitments.add(output, of: job, as: .leader)
        try await leader.commitments.add(output, of: try #require(JobID("8a6e0804-2bd0-4672")), as: .leader)
        for node in [leader, verifier, third] {
            await node.commitments.look()
            #expect(try await node.journal.openCommitments().isEmpty)
            #expect(try await node.intents().isEmpty)
            #expect(node.log.events.isEmpty)
        }
    }

    @Test("what is too late is not paid for, and said", arguments: [false, true])
    func late(isSealed: Bool) async throws {
        let (leader, verifier) = try await dispatched()
        try await leader.commitments.add(output, of: job, as: .leader)
        if isSealed {
            try await verifier.commitments.add(output, of: job, as: .verifier)
            for node in [leader, verifier] { await node.commitments.look() }
            #expect(try await leader.invocation(number).status == .committed)
        }
        try await leader.chain.ask("dev_advanceTime", 1201)
        try await leader.chain.ask("evm_mine")
        await leader.commitments.look()
        #expect(try await leader.intents() == (isSealed ? ["commit"] : []))
        #expect(leader.log.events.last == "commitment_missed")
        #expect(try await leader.journal.openCommitments().isEmpty)
    }

    @Test("a node whose partner never seals waits for it until the deadline, and no longer")
    func alone() async throws {
        let leader = try await dispatched().leader
        try await leader.commitments.add(output, of: job, as: .leader)
        for _ in 0..<2 { await leader.commitments.look() }
        #expect(try await leader.journal.openCommitments().count == 1)
        try await leader.chain.ask("dev_advanceTime", 601)
        try await leader.chain.ask("evm_mine")
        await leader.commitments.look()
        #expect(try await leader.journal.openCommitments().isEmpty)
        #expect(try await leader.intents() == ["commit"])
    }

    @Test("a seal that this journal knows nothing of is not opened")
    func foreignSeal() async throws {
        let leader = try await dispatched().leader
        try await leader.commitments.add(output, of: job, as: .leader)
        await leader.commitments.look()
        // As with a journal that was lost: another salt.
        for lost in try await leader.journal.openCommitments() { try await leader.journal.remove(lost) }
        try await leader.commitments.add(output, of: job, as: .leader)
        await leader.commitments.look()
        #expect(leader.log.events == ["commitment_sealed", "commitment_missed"])
        #expect(try await leader.intents() == ["commit"])
    }

    @Test("an endpoint that is away loses nothing")
    func away() async throws {
        let leader = try await dispatched().leader
        try await leader.commitments.add(output, of: job, as: .leader)
        try await leader.chain.fault("eth_call", ["http": 503], count: 4)
        await leader.commitments.look()
        #expect(leader.log.events == ["chain_look_failed"])
        #expect(leader.log.reasons == ["rpc_failed"])
        await leader.commitments.look()
        #expect(try await leader.intents() == ["commit"])
    }

    private func dispatched() async throws -> (leader: WatchBench, verifier: WatchBench) {
        let (leader, verifier) = try await nodes()
        try await leader.chain.dispatch(job.text, to: leader.node.checksummed, verifier.node.checksummed)
        return (leader, verifier)
    }

    private func nodes() async throws -> (leader: WatchBench, verifier: WatchBench) {
        let leader = try await WatchBench(all: true)
        return (leader, try await WatchBench(beside: leader))
    }
}

extension WatchBench {
    fileprivate func invocation(_ number: Word) async throws -> CommitmentRegistryContract.Invocation {
        try await access.commitments.invocation(number)
    }
}
