import Coordination
import Ethereum
import HTTPTransport
import LocalNode
import LoopbackServer
import Shared
import TestChain
import Testing

@testable import Supervisor

/// A leader's key in the real key store.
@Suite("The storing of output keys", .serialized)
struct OutputKeyStorageTests {
    @Test("the halves stand under the job's id, by their names on the network, for the user and for nobody else")
    func stored() async throws {
        let bench = try await StorageBench()
        let receipt = try await bench.store()
        #expect(receipt.succeeded)
        let id = PromptKeyStoreContract.outputKeyID(job: StorageBench.job)
        let stored = try await bench.access.keyStore.handles(id)
        #expect(stored.high == StorageBench.handle(0x11, ending: [6, 0]))
        #expect(stored.low == StorageBench.handle(0x22, ending: [6, 0]))
        for handle in [stored.high, stored.low] {
            #expect(try await bench.mayRead(handle, bench.user))
            #expect(try await !bench.mayRead(handle, bench.node))
        }
        #expect(try await bench.journal.intents() == ["store_key"])
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

    @Test("a job whose time is up while its key is read back has failed for good: another try would be paid for again")
    func timeIsUp() async throws {
        let bench = try await StorageBench(lag: .seconds(60))
        let error: JSONValue = ["about": ["0x533688bb"], "error": ["code": -32000, "message": "out of sorts"]]
        try await bench.chain.fault("eth_call", error, count: 10_000)
        var timing = JobTiming()
        timing.limit = .seconds(4)
        let model = try LoopbackServer { _ in .json("{}") }
        let network = try await LocalNode(asking: model, timing, outputKeys: bench.storage)
        #expect(try await network.serveOneJob("mock").failure == .outputKeyNotReadBack)
        #expect(try await bench.journal.intents() == ["store_key"])
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

private struct StorageBench {
    static let job = "7c1d9a4e"

    let chain: TestChain
    let access: ChainAccess
    let journal: Journal
    let node: Address
    let user: Address
    let storage: OutputKeyStorage
    private let folder: TemporaryFolder

    init(keyStore: Address? = nil, lag: Duration = .seconds(10)) async throws {
        let key = try PrivateKey.generate()
        node = key.address
        user = try PrivateKey.generate().address
        chain = try await TestChain(funding: [node.checksummed])
        folder = try TemporaryFolder()
        let address = try keyStore?.checksummed ?? #require(chain.contracts["PromptKeyStore"])
        let configuration = try Configuration(
            directory: folder.directory,
            values: [.rpcURL: .list([chain.url]), .promptKeyStoreAddress: .text(address)], notes: [])
        access = try #require(ChainAccess(configuration, client: try CurlClient()))
        journal = try Journal(path: folder.path("journal.sqlite"))
        storage = OutputKeyStorage(
            access.keyStore, queue: access.queue(key, journal: journal, directory: folder.directory), lag: lag)
    }

    static func handle(_ byte: UInt8, ending: [UInt8]) -> Word {
        Word(bytes: [UInt8](repeating: byte, count: 30) + ending)!
    }

    private var halves: OutputKeyStorage.Halves {
        (
            high: .init(handle: StorageBench.handle(0x11, ending: [0xaa, 0xbb]), signature: []),
            low: .init(handle: StorageBench.handle(0x22, ending: [6, 0]), signature: [])
        )
    }

    /// Stores both halves, and reads them back.
    func store() async throws(OutputKeyStorage.Failure) -> Receipt {
        let job = JobID(StorageBench.job)!
        let receipt = try await storage.store(halves, of: job, for: user)
        try await storage.readBack(halves, of: job)
        return receipt
    }

    func failure() async -> OutputKeyStorage.Failure? {
        do throws(OutputKeyStorage.Failure) {
            _ = try await store()
            return nil
        } catch { return error }
    }

    /// `isAllowed(uint256,address)` of the task manager.
    func mayRead(_ handle: Word, _ account: Address) async throws -> Bool {
        let call: JSONValue = [
            "to": "0xeA30c4B8b44078Bbf8a6ef5b9f1eC1626C7848D9",
            "data": .string(
                "0x5faa299a" + Hexadecimal.encode(handle.bytes) + String(repeating: "0", count: 24)
                    + Hexadecimal.encode(account.bytes)),
        ]
        return try await chain.ask("eth_call", call, "latest").text?.hasSuffix("1") == true
    }
}
