import Ethereum
import HTTPTransport
import Shared
import Synchronization
import Testing

@testable import CoFHE

/// One network over time.
@Suite("What the native network asks for again")
struct RenewalTests {
    private let chain: FakeChain
    private let native: NativeNetwork
    private let handles: KeyHandles

    init() throws {
        chain = try FakeChain()
        let gate = try Vectors.gate()
        handles = try Vectors.handles()
        gate.assign(handles, to: "job")
        native = try chain.native(gate)
    }

    private func ask() async throws {
        let key = try Vectors.bytes("sealing_public_key_hex")
        _ = try await native.sealedKey(handles, of: "job", to: key, as: native.seal())
    }

    @Test("what may mean that the contracts are new ones has them looked up again: denied, forged")
    func lookedUpAgain() async throws {
        chain.network { _ in SealOutputTests.json(SealOutputTests.flat) }
        try await ask()
        try await ask()
        #expect(chain.detections == 1, "they are believed for a while")
        chain.set("isAllowed(uint256,address)", on: Deployment.fixedTaskManager, Word(0))
        await #expect(throws: ThresholdError.denied) { try await ask() }
        chain.set("isAllowed(uint256,address)", on: Deployment.fixedTaskManager, Word(1))
        try await ask()
        #expect(chain.detections == 2)
        let signature = String(repeating: "ab", count: 65)
        chain.set("decryptResultSigner()", on: Deployment.fixedTaskManager, Address.known(0x51).word)
        chain.advance(.seconds(601))
        let signed = SealOutputTests.flat.replacing(#""signature":"""#, with: #""signature":"\#(signature)""#)
        chain.network { _ in SealOutputTests.json(signed) }
        await #expect(throws: ThresholdError.forged) { try await ask() }
        #expect(chain.detections == 3)
        await #expect(throws: ThresholdError.forged) { try await ask() }
        #expect(chain.detections == 4)
    }

    @Test("a second permit gets what the first has left of the budget")
    func budgetOfBoth() async throws {
        let (chain, before) = (chain, chain.elapsed)
        let refusals = Mutex(0)
        chain.network { _ in
            // One for each half.
            let isRefused = refusals.withLock { refusals in
                guard refusals < 2, chain.elapsed - before > .seconds(60) else { return false }
                refusals += 1
                return true
            }
            return isRefused ? SealOutputTests.error("permit_expired", 401) : HTTPResponse(status: 204)
        }
        await #expect(throws: ThresholdError.notReady) { try await ask() }
        let budget = SealPatience().budget
        #expect(chain.elapsed - before >= budget && chain.elapsed - before <= budget + .seconds(4))
    }
}
