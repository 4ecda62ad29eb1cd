import Foundation
import LoopbackServer
import Shared
import TestNetwork
import Testing

@Suite("Quorums with the published node", .serialized, .timeLimit(.minutes(12)))
struct PublishedNodeTests {
    private let prompt = "A confidential question, with \"quotes\",\u{00A0}é and 😀\n"

    private var expected: String {
        "MOCK_OUTPUT_" + Hexadecimal.encode(SHA256.hash(Array("mock:\(prompt)".utf8)))
    }

    init() async throws { try await ReferenceNode.install() }

    @Test("our node leads, two published nodes agree with it, and the user reads the answer")
    func weLead() async throws {
        let network = try await TestNetwork()
        let ours = try await network.makeNode("ours")
        let node = try await ours.start()
        let peers = try ["peer-one", "peer-two"].map { try ReferenceNode($0, on: network, model: "mock") }
        let held = try await network.holdLeader(ours.address)
        let (status, answer) = try await network.submit(model: "mock", prompt: prompt, leader: ours.address)
        try await held.value
        #expect(status == 0, "\(answer) \(node.text)")
        #expect(answer["status"] as? String == "ACCEPTED")
        #expect(answer["answer"] as? String == expected)
        #expect(answer["commitmentMatches"] as? Bool == true)

        let delivered = try await network.deliveries(of: answer["jobId"] as? String ?? "")
        #expect(Set(delivered.compactMap { $0["commitment"] as? String }).count == 1, "\(delivered)")
        #expect(delivered.filter { $0["verdict"] as? String == "CONFIRM" }.count == 2, "\(delivered)")
        let violations = try await network.violations()
        #expect(violations.count == 0, "\(violations.text)")
        try await stop(node, peers)
    }

    @Test("a published node leads, and both our nodes confirm its answer")
    func theyLead() async throws {
        let network = try await TestNetwork()
        let ours = [try await network.makeNode("one"), try await network.makeNode("two")]
        var running: [ChildProcess] = []
        for node in ours { running.append(try await node.start()) }
        // Its upload address is fixed to api.pinata.cloud, so without a Pinata account it cannot be given a credential
        // (BLF_IPFS_UPLOAD_JWT) that works. Without one it uploads nothing and names an invented text as its CID.
        let peer = try ReferenceNode("peer", on: network, model: "mock")
        let leader = try await network.activeNodes(3).filter { !ours.map(\.address).contains($0) }
        try #require(leader.count == 1, "\(peer.process.text)")
        let held = try await network.holdLeader(leader[0])
        let (_, answer) = try await network.submit(model: "mock", prompt: prompt, leader: leader[0])
        try await held.value
        #expect(answer["status"] as? String == "ACCEPTED", "\(answer) \(peer.process.text)")
        // What was never uploaded cannot be read: the quorum counts hashes only.
        #expect(answer["answer"] is NSNull)

        let delivered = try await network.deliveries(of: answer["jobId"] as? String ?? "")
        #expect(Set(delivered.compactMap { $0["commitment"] as? String }).count == 1, "\(delivered)")
        for node in ours {
            let own = delivered.first { $0["address"] as? String == node.address }
            #expect(own?["verdict"] as? String == "CONFIRM", "\(delivered)")
            #expect(own?["confidence"] as? Int == 100)
        }
        let errors = try await network.errors()
        // The invented text is "Qm" and 44 hexadecimal digits. It is a CID where none of them is a 0, which base58 does not
        // have, and where the number is not too small for a SHA-256 (the smallest begins with QmN): once in about 40 times.
        let invented = try #require(answer["outputCid"] as? String)
        let isCID = !invented.contains("0") && invented.dropFirst(2).first?.isLetter == true
        let expected = (isCID ? [] : ["output_cid_invalid"]) + ["output_not_retrievable"]
        #expect(errors.map(\.code).sorted() == expected, "\(invented) \(errors)")
        #expect(errors.allSatisfy { $0.node == leader[0] }, "\(errors)")
        for node in running { try await stop(node, []) }
    }

    @Test("among published nodes, ours rejects an answer that its own model does not give, and the quorum stands")
    func weDisagree() async throws {
        let network = try await TestNetwork()
        let model = try LoopbackServer { _ in .json(#"{"choices":[{"message":{"content":"Something else."}}]}"#) }
        let ours = try await network.makeNode("ours")
        let node = try await ours.start([
            "BLF_MOCK_MODEL_IDS": "", "BLF_OPENAI_MODEL_IDS": "mock", "BLF_OPENAI_BASE_URL": model.base + "/v1",
        ])
        let peers = try ["peer-one", "peer-two"].map { try ReferenceNode($0, on: network, model: "mock") }
        let leader = try #require(try await network.activeNodes(3).first { $0 != ours.address })
        let held = try await network.holdLeader(leader)
        let (_, answer) = try await network.submit(model: "mock", prompt: prompt, leader: leader)
        try await held.value
        #expect(answer["status"] as? String == "ACCEPTED", "\(answer)")

        let delivered = try await network.deliveries(of: answer["jobId"] as? String ?? "")
        for seen in delivered where seen["role"] as? String == "verifier" {
            let isOurs = seen["address"] as? String == ours.address
            #expect(seen["verdict"] as? String == (isOurs ? "REJECT" : "CONFIRM"), "\(delivered)")
            #expect((seen["commitment"] as? String == answer["commitment"] as? String) != isOurs, "\(delivered)")
        }
        #expect(model.requests.count == 1)
        let errors = try await network.errors()
        #expect(errors.allSatisfy { $0.node == leader && $0.code.hasPrefix("output_") }, "\(errors)")
        try await stop(node, peers)
    }

    private func stop(_ node: ChildProcess, _ peers: [ReferenceNode]) async throws {
        node.signal(SIGTERM)
        #expect(try await node.end() == 0)
        #expect(!node.text.contains("confidential question"))
        for peer in peers { peer.process.signal(SIGKILL) }
        for peer in peers { _ = try await peer.process.end() }
    }
}
