import Coordination
import Ethereum
import HTTPTransport
import LocalNode
import LoopbackServer
import Shared
import TestChain
import Testing

@testable import DevnetCore
@testable import Supervisor

/// A leader's key in the real key store.
@Suite("The storing of output keys", .serialized)
struct OutputKeyStorageTests {
    @Test(
        "the halves stand under the job's id, by their names on the network, for the user and for nobody else",
        arguments: ["7c1d9a4e", "0x" + String(repeating: "7c", count: 32), "8a6e0804-2bd0-4672", "job 4/ü?"])
    func stored(job: String) async throws {
        let bench = try await StorageBench(job: job)
        let receipt = try await bench.store()
        #expect(receipt.succeeded)
        let id = Keccak256.hash(Array((job + ":output-key").utf8))
        let stored = try await bench.access.keyStore.handles(id)
        #expect(stored.high == StorageBench.handle(0x11, ending: [6, 0]))
        #expect(stored.low == StorageBench.handle(0x22, ending: [6, 0]))
        for handle in [stored.high, stored.low] {
            #expect(try await bench.mayRead(handle, bench.user))
            #expect(try await !bench.mayRead(handle, bench.node))
        }
        #expect(try await bench.journal.intents() == ["store_key"])
    }

    @Test("halves go with the verifier's signatures, for which the network asks: without one of them nothing is paid")
    func signatures() async throws {
        let bench = try await StorageBench(cofhe: "a")
        #expect(await bench.failure()?.code == "reverted")
        let (signed, unsigned) = (try bench.signedHalves, bench.halves)
        for halves in [(signed.high, unsigned.low), (unsigned.high, signed.low)] {
            #expect(await bench.failure(of: halves)?.code == "reverted")
        }
        #expect(try await bench.journal.intents().isEmpty)
        #expect(try await bench.store(signed).succeeded)
    }

    @Test("a key that a stranger puts in the place of ours is noticed, and ours is not taken for stored")
    func stranger() async throws {
        let bench = try await StorageBench(lag: .seconds(1))
        let (job, id) = (bench.job, PromptKeyStoreContract.outputKeyID(job: bench.job.text))
        #expect(try await bench.store().succeeded)
        let stranger = try PrivateKey.generate()
        try await bench.chain.fund(stranger.address.checksummed)
        let other = try TemporaryFolder()
        let queue = bench.access.queue(
            stranger, journal: try Journal(path: other.path("journal.sqlite")), directory: other.directory)
        // Each half by itself, then ours again.
        let theirs = PromptKeyStoreContract.Input(handle: StorageBench.handle(0x33, ending: [6, 0]), signature: [])
        for (high, low) in [(theirs, bench.halves.low), (bench.halves.high, theirs)] {
            _ = try await queue.perform(
                bench.access.keyStore.store(id, high: high, low: low, readers: [], from: stranger.address))
            let failure = await #expect(throws: OutputKeyStorage.Failure.self) {
                try await bench.storage.readBack(bench.halves, of: job)
            }
            #expect(failure?.code == "not_read_back")
        }
        _ = try await bench.store()
        #expect(try await bench.journal.intents() == ["store_key", "store_key"])
    }

    @Test("an endpoint that lags or fails is asked again; a store that keeps another key ends it, paid for once")
    func readBack() async throws {
        let bench = try await StorageBench(lag: .seconds(1))
        let nothing: JSONValue = ["result": .string("0x" + String(repeating: "0", count: 128))]
        // Two simulations, and two looks at the store.
        try await bench.chain.fault("eth_call", nothing, count: 4)
        _ = try await bench.store()
        let looks: JSONValue = ["about": ["0x533688bb"], "error": ["code": -32000, "message": "out of sorts"]]
        try await bench.chain.fault("eth_call", looks, count: 2)
        _ = try await bench.store()
        #expect(try await bench.journal.intents().count == 2)
        try await bench.chain.fault("eth_call", nothing, count: 1000)
        #expect(await bench.failure()?.code == "not_read_back")
        try await bench.chain.fault("eth_call", looks, count: 1000)
        #expect(await bench.failure()?.code == "rpc_refused")
        #expect(try await bench.journal.intents().count == 4)
    }

    @Test("what was stored is paid for once until it is closed, also by another queue; then the same is another call")
    func once() async throws {
        let bench = try await StorageBench()
        let first = try await bench.storage.store(bench.halves, of: bench.job, for: bench.user)
        #expect(await bench.storage.hasBegun(bench.halves, of: bench.job, for: bench.user))
        for storage in [bench.storage, bench.another] {
            #expect(try await storage.store(bench.halves, of: bench.job, for: bench.user) == first)
        }
        #expect(try await bench.journal.intents() == ["store_key"])
        await bench.storage.close(first)
        #expect(await !bench.storage.hasBegun(bench.halves, of: bench.job, for: bench.user))
        #expect(try await bench.store().transaction != first.transaction)
        #expect(try await bench.journal.intents() == ["store_key", "store_key"])
    }

    @Test("what cannot be stored is not signed, and has a code")
    func refused() async throws {
        let empty = try await StorageBench(keyStore: Address("0x00000000000000000000000000000000000000ff"))
        #expect(await empty.failure()?.code == "not_this_contract")
        let bench = try await StorageBench()
        try await bench.chain.fault("eth_call", ["error": ["code": 3, "message": "execution reverted", "data": "0x"]])
        #expect(await bench.failure()?.code == "reverted")
        try await bench.chain.fault("eth_chainId", ["http": 503], count: 100)
        #expect(await bench.failure()?.code == "rpc_failed")
        for journal in [empty.journal, bench.journal] { #expect(try await journal.intents().isEmpty) }
    }

    @Test("a store that reverts without a word takes no keys: its library calls what newer generations have no more")
    func takesNone() async throws {
        let bench = try await StorageBench()
        #expect(try await bench.storage.takesKeys(), "inputs that nobody has signed")
        let silence: JSONValue = ["code": 3, "message": "execution reverted", "data": "0x"]
        try await bench.chain.fault("eth_call", ["error": silence])
        #expect(try await !bench.storage.takesKeys())
        let empty = try await StorageBench(keyStore: Address("0x00000000000000000000000000000000000000ff"))
        #expect(try await !empty.storage.takesKeys())
    }

    @Test("a user who cannot be given the right to read is none: no address, zero, a wrong checksum")
    func readers() {
        let good = "0x72C0Ead949Fd2C346598a30AF1A69c3c5Cb86082"
        #expect(Address(reader: good) != nil && Address(reader: good.lowercased()) != nil)
        for text in [nil, "", "0x" + String(repeating: "0", count: 40), good.dropLast() + "1", good.uppercased()] {
            #expect(Address(reader: text.map { String($0) }) == nil)
        }
    }
}
