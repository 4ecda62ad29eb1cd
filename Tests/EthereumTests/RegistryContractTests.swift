import Ethereum
import Foundation
import HTTPTransport
import Shared
import TestChain
import Testing

/// The contracts beside the main ones, with their real bytecode.
@Suite("Older registries, and the registry of commitments", .serialized)
struct RegistryContractTests {
    @Test("a commitment is sealed and opened by both nodes, and equal outputs verify")
    func commitments() async throws {
        let bench = try await ChainBench(all: true)
        let registry = CommitmentRegistryContract(try bench.contract("ExecutionCommitmentRegistry"))
        let other = try PrivateKey.generate()
        let otherQueue = try await bench.queue(of: other)
        let invocation = Word(77)
        let job = "0x" + Hexadecimal.encode(invocation.bytes)
        #expect(try await registry.invocation(invocation).status == .none)
        try await bench.chain.dispatch(job, to: bench.node.checksummed, other.address.checksummed)
        #expect(try await registry.invocation(invocation).status == .dispatched)
        let output = [UInt8](repeating: 0xab, count: 32)
        let parties: [(CommitmentRegistryContract.Role, Address, TransactionQueue, [UInt8])] = [
            (.executor, bench.node, bench.queue, [UInt8](repeating: 1, count: 32)),
            (.crossVerifier, other.address, otherQueue, [UInt8](repeating: 2, count: 32)),
        ]
        for (role, node, queue, salt) in parties {
            let digest = CommitmentRegistryContract.digest(role: role, node: node, output: output, salt: salt)
            _ = try await queue.perform(registry.commit(digest, to: invocation, as: role, from: node))
        }
        #expect(try await registry.invocation(invocation).status == .committed)
        // Another salt opens nothing, and costs nothing.
        let wrong = registry.reveal(output, salt: output, of: invocation, as: .executor, from: bench.node)
        await #expect(throws: TransactionError.self) { try await bench.queue.perform(wrong) }
        for (role, node, queue, salt) in parties {
            _ = try await queue.perform(registry.reveal(output, salt: salt, of: invocation, as: role, from: node))
        }
        #expect(try await registry.invocation(invocation).status == .verified)
        #expect(try await bench.count() == 2)
    }

    @Test("what is sealed is the digest of the vectors", arguments: Vectors.list("commitDigest"))
    func digest(vector: JSONValue) throws {
        let role = try #require(vector["role"]?.int.flatMap { CommitmentRegistryContract.Role(rawValue: UInt64($0)) })
        let digest = CommitmentRegistryContract.digest(
            role: role, node: try Address(try vector.requireText("node")),
            output: try vector.requireBytes("outputHandle"), salt: try vector.requireBytes("salt"))
        #expect(digest == (try vector.requireBytes("digest")))
    }

    @Test("the type under which attestations are stated is the published node's")
    func availability() throws {
        let file = Vectors.tests.appending(path: "Vectors/contracts.json")
        let constants = try JSONValue(parsing: Array(Data(contentsOf: file))).requireMember("constants")
        #expect(NodeAttestationRegistryContract.availability == (try constants.requireBytes("defaultAttestationType")))
    }

    @Test("the operators' registry takes the stake of the tier, once, and heartbeats")
    func operators() async throws {
        let bench = try await ChainBench(all: true)
        let registry = NodeOperatorRegistryContract(try bench.contract("NodeOperatorRegistry"))
        #expect(try await !registry.record(of: bench.node).isRegistered)
        let stakes = [
            try await registry.minimumStake(tier: 0), try await registry.minimumStake(tier: 1),
            try await registry.minimumStake(tier: 2),
        ]
        #expect(stakes == stakes.sorted() && stakes[0] < stakes[2])
        func registration(_ stake: Amount) -> Intent {
            registry.register(
                attestation: "00ff", modelTiers: [1, 1], zeroDataRetention: true, stake: stake, from: bench.node)
        }
        await #expect(throws: TransactionError.self) {
            try await bench.queue.perform(registration(Amount(units: stakes[1].units - 1)))
        }
        #expect(try await bench.count() == 0)
        _ = try await bench.queue.perform(registration(stakes[1]))
        let record = try await registry.record(of: bench.node)
        #expect(record.isRegistered)
        await #expect(throws: TransactionError.self) { try await bench.queue.perform(registration(stakes[1])) }
        try await bench.chain.ask("dev_advanceTime", 100)
        _ = try await bench.queue.perform(registry.heartbeat(from: bench.node))
        #expect(try await registry.record(of: bench.node).lastHeartbeat >= record.lastHeartbeat + 100)
        #expect(try await bench.count() == 2)
    }

    @Test("a statement that the wallet has signed counts until it expires; another's signature is refused unpaid")
    func attestations() async throws {
        let bench = try await ChainBench(all: true)
        let registry = NodeAttestationRegistryContract(try bench.contract("NodeAttestationRegistry"))
        #expect(try await !registry.hasValid(bench.node))
        let now = try await bench.rpc.block().timestamp
        let statement = NodeAttestationRegistryContract.Statement(
            hash: [UInt8](repeating: 7, count: 32), effective: now, expires: now + 1000)
        // Signed for another chain.
        let elsewhere = NodeAttestationRegistryContract(
            Contract(
                try bench.contract("NodeAttestationRegistry").address,
                RPCClient(endpoints: [try ServiceURL(bench.chain.url)], chainID: 1, client: bench.client)))
        await #expect(throws: TransactionError.self) {
            try await bench.queue.perform(elsewhere.commit(statement, by: bench.key))
        }
        #expect(try await bench.count() == 0)
        _ = try await bench.queue.perform(registry.commit(statement, by: bench.key))
        #expect(try await registry.hasValid(bench.node))
        try await bench.chain.ask("dev_advanceTime", 1001)
        try await bench.chain.ask("evm_mine")
        #expect(try await !registry.hasValid(bench.node))
    }
}
