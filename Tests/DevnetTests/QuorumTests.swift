import DevnetCore
import Shared
import Testing

@Suite struct QuorumTests {
    @Test(arguments: [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4)])
    func `two thirds, rounded up, must agree`(nodes: Int, required: Int) {
        #expect(Quorum.required(nodes: nodes) == required)
    }

    @Test func `nothing is decided without the leader`() {
        #expect(Quorum.decide(leader: nil, verifiers: ["a", "a"], of: 2) == .open)
    }

    @Test func `the first matching verifier of two decides`() {
        #expect(Quorum.decide(leader: "a", verifiers: [], of: 2) == .open)
        #expect(Quorum.decide(leader: "a", verifiers: ["b"], of: 2) == .open)
        #expect(Quorum.decide(leader: "a", verifiers: ["a"], of: 2) == .accepted(hash: "a", winners: 2))
    }

    @Test func `two verifiers that agree outvote the leader`() {
        #expect(Quorum.decide(leader: "a", verifiers: ["b", "b"], of: 2) == .accepted(hash: "b", winners: 2))
    }

    @Test func `three different answers are rejected`() {
        #expect(Quorum.decide(leader: "a", verifiers: ["b", "c"], of: 2) == .rejected(confirmations: 1, required: 2))
    }

    @Test func `a leader alone is its own quorum`() {
        #expect(Quorum.decide(leader: "a", verifiers: [], of: 0) == .accepted(hash: "a", winners: 1))
    }

    @Test func `nodes take turns, and a leader can be pinned`() throws {
        let bench = Bench()
        let nodes = try (0..<3).map { _ in try bench.attestedNode().address.checksummed }
        let book = QuorumDraw(bench: bench)
        #expect(try book.draw(1) == [nodes[0], nodes[1]])
        #expect(try book.draw(1) == [nodes[1], nodes[2]])
        #expect(try book.draw(2) == [nodes[2], nodes[0], nodes[1]])
        #expect(try book.draw(1, leader: nodes[2]) == [nodes[2], nodes[0]])
    }
}

/// Draws quorums as `/dev/submit` does.
struct QuorumDraw {
    let bench: Bench

    func draw(_ verifiers: Int, leader: String? = nil) throws -> [String] {
        var body: [JSONValue.Member] = [
            .init("modelId", "mock"), .init("userAddress", "0x0000000000000000000000000000000000000000"),
            .init("verifiers", .integer(verifiers)),
        ]
        if let leader { body.append(.init("leader", .string(leader))) }
        let answer = try bench.control("/dev/submit", .object(body))
        return [try answer.requireText("leader")] + (answer["verifiers"]?.elements ?? []).compactMap(\.text)
    }
}
