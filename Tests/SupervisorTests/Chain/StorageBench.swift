import Coordination
import Ethereum
import HTTPTransport
import LocalNode
import Shared
import TestChain
import Testing

@testable import DevnetCore
@testable import Supervisor

/// A node's wallet, and a key store on a chain of the test's.
struct StorageBench {
    let job: JobID
    let chain: TestChain
    let access: ChainAccess
    let journal: Journal
    let node: Address
    let user: Address
    let storage: OutputKeyStorage
    /// The same wallet's, as after a restart.
    let another: OutputKeyStorage
    private let folder: TemporaryFolder

    /// - Parameter cofhe: with contracts of this generation, which ask for signatures.
    init(
        keyStore: Address? = nil, lag: Duration = .seconds(10), job: String = "7c1d9a4e", cofhe: String? = nil
    ) async throws {
        self.job = try #require(JobID(job))
        let key = try PrivateKey.generate()
        node = key.address
        user = try PrivateKey.generate().address
        chain = try await TestChain(funding: [node.checksummed], cofhe: cofhe)
        folder = try TemporaryFolder()
        let address = try keyStore?.checksummed ?? #require(chain.contracts["PromptKeyStore"])
        let configuration = try Configuration(
            directory: folder.directory,
            values: [.rpcURL: .list([chain.url]), .promptKeyStoreAddress: .text(address)], notes: [])
        access = try #require(ChainAccess(configuration, client: try CurlClient()))
        journal = try Journal(path: folder.path("journal.sqlite"))
        (storage, another) = (
            OutputKeyStorage(
                access.keyStore, queue: access.queue(key, journal: journal, directory: folder.directory), lag: lag),
            OutputKeyStorage(
                access.keyStore, queue: access.queue(key, journal: journal, directory: folder.directory), lag: lag)
        )
    }

    static func handle(_ byte: UInt8, ending: [UInt8]) -> Word {
        Word(bytes: [UInt8](repeating: byte, count: 30) + ending)!
    }

    var halves: OutputKeyStorage.Halves {
        (
            high: .init(handle: StorageBench.handle(0x11, ending: [0xaa, 0xbb]), signature: []),
            low: .init(handle: StorageBench.handle(0x22, ending: [6, 0]), signature: [])
        )
    }

    /// The same with the signatures that the test network's verifier makes for this node.
    var signedHalves: OutputKeyStorage.Halves {
        get throws {
            let domain = NativePermit.Domain(chainID: 421_614, accessControl: .zero, version: "1")
            func signed(_ half: PromptKeyStoreContract.Input) throws -> PromptKeyStoreContract.Input {
                let handle = half.storedHandle
                return .init(handle: handle, signature: try InputRoutes.signature(of: handle, for: node, domain).bytes)
            }
            return (try signed(halves.high), try signed(halves.low))
        }
    }

    /// Stores both halves, reads them back and closes.
    func store(_ other: OutputKeyStorage.Halves? = nil) async throws(OutputKeyStorage.Failure) -> Receipt {
        let halves = other ?? halves
        let receipt = try await storage.store(halves, of: job, for: user)
        do throws(OutputKeyStorage.Failure) { try await storage.readBack(halves, of: job) } catch {
            await storage.close(receipt)
            throw error
        }
        await storage.close(receipt)
        return receipt
    }

    func failure(of other: OutputKeyStorage.Halves? = nil) async -> OutputKeyStorage.Failure? {
        do throws(OutputKeyStorage.Failure) {
            _ = try await store(other)
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
