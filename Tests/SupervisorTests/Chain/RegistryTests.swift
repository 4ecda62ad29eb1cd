import Ethereum
import HTTPTransport
import Shared
import TestChain
import Testing

@testable import Supervisor

@Suite("A node in its registry", .serialized)
struct RegistryTests {
    @Test("a certificate's hash becomes one word: the coordinator's bytes first, or the digest of a text that is none")
    func word() {
        let sixteen = (1...16).map { UInt8($0) }
        for prefix in ["", "0x"] {
            #expect(
                certificate(prefix + Hexadecimal.encode(sixteen)).word == sixteen + [UInt8](repeating: 0, count: 16))
        }
        let whole = [UInt8](repeating: 9, count: 32)
        #expect(certificate(Hexadecimal.encode(whole)).word == whole)
        for text in ["", "certificate 7", Hexadecimal.encode(whole + [1])] {
            #expect(certificate(text).word == SHA256.hash(Array(text.utf8)))
        }
    }

    @Test("the registry's own price goes with a registration, to the wei; above the operator's limit nothing is signed")
    func price() async throws {
        let price = Amount(units: 123_456_789_000_000_001)
        for limit in [price.units - 1, price.units] {
            let bench = try await WatchBench([.stakeAmountWei: .text(String(limit))])
            let address = bench.registry.address.checksummed
            // setMinStake(uint256)
            try await bench.chain.send(
                from: bench.chain.deployer, to: address, "8c80fd90" + Hexadecimal.encode(price.word.bytes))
            let registration = try Registration(bench.access, wallet: bench.wallet)
            var asked: [Amount] = []
            func register() async throws -> Receipt? {
                try await registration.register(
                    certificate("00ff", expiry: 4_000_000_000), over: bench.queue,
                    agree: {
                        asked.append($0.stake)
                        return true
                    }, telling: { _ in })
            }
            if limit < price.units {
                let refusal = ChainFailure.registryStakeAboveCeiling(needed: price, ceiling: Amount(units: limit))
                await #expect(throws: refusal) { try await register() }
                #expect(asked.isEmpty)
                #expect(try await bench.intents().isEmpty)
            } else {
                #expect(try await register() != nil)
                #expect(asked == [price])
                #expect(try await bench.access.rpc.balance(of: bench.registry.address) == price)
                #expect(try await registration.standing.isRegistered)
                #expect(try await bench.count() == 1)
            }
        }
    }

    @Test("a statement is signed for the registry that keeps such only when the operator has agreed")
    func statement() async throws {
        let bench = try await WatchBench(
            all: true, watching: "NodeAttestationRegistry", as: .nodeAttestationRegistryAddress)
        let registration = try Registration(bench.access, wallet: bench.wallet)
        func register(agreeing agrees: Bool) async throws -> Receipt? {
            try await registration.register(
                certificate("00ff", expiry: 4_000_000_000), over: bench.queue,
                agree: {
                    #expect($0.most > .zero)
                    return agrees
                }, telling: { _ in })
        }
        // commit(…), wherever it comes along.
        let calls = ["eth_call", "eth_estimateGas", "eth_sendRawTransaction"]
        let selector = Hexadecimal.encode(
            Keccak256.hash(Array("commit(address,bytes32,bytes32,address,uint64,uint64,bytes)".utf8)).prefix(4))
        for method in calls {
            try await bench.chain.fault(method, ["http": 503, "about": [.string(selector)]], count: 1000)
        }
        #expect(try await register(agreeing: false) == nil, "no endpoint has seen it")
        await #expect(throws: (any Error).self, "it would have been told") { try await register(agreeing: true) }
        for method in calls { try await bench.chain.ask("dev_fault", .string(method), []) }
        #expect(try await register(agreeing: true)?.succeeded == true)
        #expect(try await registration.standing.isRegistered)
    }

    private func certificate(_ hash: String, expiry: Int = 0) -> Certificate {
        Certificate(hash: hash, expiry: expiry, tier: 0, backend: "mock", models: [])
    }
}
