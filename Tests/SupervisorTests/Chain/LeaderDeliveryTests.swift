import ContentStore
import Glibc
import LocalNode
import LoopbackServer
import Shared
import TestChain
import Testing

@testable import Coordination
@testable import Supervisor

/// A leader's answer on its way: what was made and paid for is neither made nor paid for again.
@Suite("The delivery of a leader's answer", .serialized)
struct LeaderDeliveryTests {
    private static let outOfSorts: JSONValue = ["error": ["code": -32000, "message": "out of sorts"]]
    private static let over: Set<JournalEntry.State> = [.sent, .failed]

    /// A node whose answers' keys go to that store, and whose patience is short.
    private func node(
        _ bench: StorageBench, asking model: LoopbackServer? = nil, limit: Duration = .seconds(60)
    ) async throws -> LocalNode {
        var timing = JobTiming()
        (timing.limit, timing.pauses) = (limit, [.milliseconds(10), .milliseconds(10)])
        let model = try model ?? LoopbackServer { _ in .json("{}") }
        return try await LocalNode(asking: model, timing, outputKeys: bench.storage)
    }

    @Test("a key that is not stored is tried again with the same answer, also when the job is offered again")
    func again() async throws {
        let bench = try await StorageBench()
        let model = try LoopbackServer { _ in .json(#"{"choices":[{"message":{"content":"Because."}}]}"#) }
        let node = try await node(bench, asking: model)
        try await bench.chain.fault("eth_estimateGas", Self.outOfSorts, count: 1000)
        let failed = try await node.entry(node.serveOneJob().id, in: Self.over)
        #expect(failed.failure == .outputKeyNotStored)
        let output = try #require(failed.output.flatMap(LeaderOutput.init))
        #expect(try await bench.journal.intents().isEmpty)
        try await bench.chain.ask("dev_fault", "eth_estimateGas", [])
        let board = JobBoard(services: node.services, seats: 1) {}
        let offered = try Assignment([
            "jobId": .string(failed.id.text), "modelId": .string(failed.model), "role": "leader",
            "promptCid": .string(failed.promptCID), "userAddress": .string(try #require(failed.user)),
        ])
        await board.offer([offered])
        let sent = try await node.entry(failed.id, in: [.sent])
        #expect(sent.innerHash == failed.innerHash && sent.exposure == failed.exposure && sent.output == nil)
        #expect(String(decoding: sent.submission ?? [], as: UTF8.self).contains(output.cid))
        #expect(model.requests.count == 1, "the answer is the first one")
        #expect(try await bench.journal.intents() == ["store_key"])
    }

    @Test("a key whose storing was paid for in vain is not paid for again, and its job has failed for good")
    func inVain() async throws {
        let bench = try await StorageBench()
        let node = try await node(bench)
        // An endpoint lies about the gas, which is used up in the block.
        try await bench.chain.fault("eth_estimateGas", ["result": "0x9c40"], count: 100)
        try await bench.chain.fault("eth_call", ["result": "0x"], count: 100)
        let failed = try await node.entry(node.serveOneJob("mock").id, in: Self.over)
        #expect(failed.failure == .outputKeyNotReadBack)
        #expect(try await bench.journal.intents() == ["store_key"])
    }

    @Test("a job whose time is up while its key is read back has failed for good: another try would be paid for again")
    func timeIsUp() async throws {
        let bench = try await StorageBench(lag: .seconds(60))
        try await bench.chain.fault(
            "eth_call", ["about": ["0x533688bb"], "error": ["code": -32000, "message": "out of sorts"]], count: 10_000)
        let node = try await node(bench, limit: .seconds(8))
        #expect(try await node.entry(node.serveOneJob("mock").id, in: Self.over).failure == .outputKeyNotReadBack)
        #expect(try await bench.journal.intents() == ["store_key"])
    }

    @Test("what a crash has made late is delivered where its key is paid for; nothing is begun late")
    func late() async throws {
        let bench = try await StorageBench()
        let node = try await node(bench)
        var entry = JournalEntry(
            id: bench.job, role: .leader, model: "mock", promptCID: "Qm", user: bench.user.checksummed, updatedAt: 1)
        (entry.state, entry.claimedAt) = (.computed, Int(time(nil)) - 1000)
        entry.innerHash = [UInt8](repeating: 7, count: 32)
        entry.output = LeaderOutput(cid: "QmAnswer", halves: bench.halves).encoded
        #expect(await JobDelivery(services: node.services, entry: entry).run().failure == .outOfTime)
        #expect(try await bench.journal.intents().isEmpty)
        let paid = try await bench.storage.store(bench.halves, of: bench.job, for: bench.user)
        // Without a store it waits for the start that has one.
        let other = try await LocalNode(asking: LoopbackServer { _ in .json("{}") }, JobTiming())
        let waiting = await JobDelivery(services: other.services, entry: entry).run()
        #expect(waiting.failure == nil && waiting.entry == entry)
        // The coordinator does not know this job.
        let refused = await JobDelivery(services: node.services, entry: entry).run()
        #expect(refused.failure == .resultRefused)
        #expect(try await bench.journal.intents() == ["store_key"])
        let kept = try #require(try await node.services.journal.entry(entry.id))
        #expect(refused.entry == kept, "what is paid for is not forgotten with the refusal")
        let submission = String(decoding: try #require(kept.submission), as: UTF8.self)
        #expect(submission.contains(Hexadecimal.encode(paid.transaction)) && submission.contains("QmAnswer"))
        entry.output = [1]
        #expect(await JobDelivery(services: node.services, entry: entry).run().failure == .journalUnavailable)
    }

    @Test("what a leader has made comes back as it was written, with and without signatures")
    func roundTrip() async throws {
        let bench = try await StorageBench(cofhe: "a")
        for halves in [bench.halves, try bench.signedHalves] {
            let read = try #require(LeaderOutput(LeaderOutput(cid: "Qm", halves: halves).encoded))
            #expect(read.cid == "Qm" && read.halves == halves)
        }
        for text in ["", "{}", #"{"cid":"Qm","high":{"handle":"00","signature":""}}"#] {
            #expect(LeaderOutput(Array(text.utf8)) == nil)
        }
    }
}
