import Ethereum
import HTTPTransport
import Shared
import Testing

@testable import CoFHE

/// What is asked of the chain before the network hears of a key, and what neither is told.
extension SealOutputTests {
    @Test("what the chain does not allow is never asked of the network")
    func denied() async throws {
        let (manager, id) = (Deployment.fixedTaskManager, "0x" + String(repeating: "ab", count: 32))
        let (store, question) = ("getEncryptedKey(bytes32)", "isAllowed(uint256,address)")
        gate.assign(handles, to: id)
        let native = try chain.native(gate)
        func ask() async throws {
            let key = try Vectors.bytes("sealing_public_key_hex")
            _ = try await native.sealedKey(handles, of: id, to: key, as: native.seal())
        }
        func fails(_ expected: ThresholdError) async { await #expect(throws: expected) { try await ask() } }
        chain.set(question, on: manager, Word(0))
        await fails(.denied)
        chain.answer(question, on: manager, nil)
        await fails(.denied)
        chain.answer(question, on: manager, "")
        await fails(.unknownDeployment(.noTaskManager))
        chain.set(question, on: manager, Word(1))
        // Another key stands under the job's id than the coordinator names, half of it, or nobody can tell.
        chain.set(store, on: FakeChain.keyStore, handles.low.word, handles.high.word)
        await fails(.handleMismatch)
        chain.set(store, on: FakeChain.keyStore, handles.high.word, Word(0))
        await fails(.handleMismatch)
        chain.answer(store, on: FakeChain.keyStore, nil)
        await fails(.denied)
        chain.answer(store, on: FakeChain.keyStore, "")
        await fails(.unknownDeployment(.noKeyStore))
        #expect(chain.asked.isEmpty)
        chain.set(store, on: FakeChain.keyStore, handles.high.word, handles.low.word)
        script(Self.json(Self.flat))
        try await ask()
    }

    @Test("a permit goes to the network alone: the chain's endpoints never see one of this node's")
    func bearer() async throws {
        for version in ["1", "2"] {
            try chain.setDomain(version: version)
            script(Self.json(Self.flat))
            _ = try await sealedKey()
        }
        let signatures = chain.asked.compactMap { request -> String? in
            let body = try? JSONValue(parsing: request.body)
            return (body?["permit"] ?? body?["acp"])?["issuerSignature"]?.text.map { String($0.dropFirst(2)) }
        }
        #expect(Set(signatures).count == 2 && chain.questions.count > 10)
        for signature in signatures { #expect(!chain.questions.contains { $0.contains(signature) }) }
        // Whether the chain takes permits of this form is asked about one of nobody's.
        let trials = chain.questions.filter { $0.contains("0xae79f04a") || $0.contains("0xc4a1a1e1") }
        let issuer = Hexadecimal.encode(try Vectors.issuer().address.bytes)
        #expect(trials.count == 2 && !trials.contains { $0.contains(issuer) })
    }

    @Test("where the worker was told of another signer than the chain has by now, nothing is asked of the network")
    func changedMeanwhile() async throws {
        let native = try chain.native(gate)
        let told = BoxSeal(chainID: Vectors.chain, signer: Address.known(0x51).bytes)
        await #expect(throws: ThresholdError.notReady) {
            try await native.sealedKey(
                handles, of: "job", to: Vectors.bytes("sealing_public_key_hex"), as: .box(told))
        }
        #expect(chain.asked.isEmpty)
    }

    @Test("a bare hash is asked for by the name that the network knows it by")
    func bareHash() async throws {
        let native = try chain.native(gate)
        let bare = CiphertextHandle(bytes: [UInt8](repeating: 0x11, count: 32))!
        let named = native.named(KeyHandles(high: bare, low: handles.low))
        #expect(named == handles)
        #expect(native.named(KeyHandles(high: .zero, low: bare)).high.isZero)
        // A ciphertext of another type or zone has another hash: by the name of a half it is nobody's.
        chain.set("isAllowed(uint256,address)", on: Deployment.fixedTaskManager, Word(0))
        let key = try Vectors.bytes("sealing_public_key_hex")
        for ending: [UInt8] in [[5, 0], [0x86, 0]] {
            let other = CiphertextHandle(bytes: [UInt8](repeating: 0x22, count: 30) + ending)!
            let asked = native.named(KeyHandles(high: other, low: handles.low))
            gate.assign(asked, to: "other")
            await #expect(throws: ThresholdError.denied) {
                try await native.sealedKey(asked, of: "other", to: key, as: native.seal())
            }
        }
        #expect(chain.asked.isEmpty)
    }

    @Test("a handle that is no half of a key is asked of nobody")
    func strangeHandles() async throws {
        for ending: [UInt8] in [[5, 0], [6, 1], [0x86, 0], [0, 0]] {
            let bent = CiphertextHandle(bytes: [UInt8](repeating: 1, count: 30) + ending)!
            let pair = KeyHandles(high: handles.high, low: bent)
            gate.assign(pair, to: "bent")
            await #expect(throws: ThresholdError.handleUnsupported) {
                try await chain.native(gate).sealedKey(
                    pair, of: "bent", to: [UInt8](repeating: 1, count: 32), as: .hkdf)
            }
        }
        #expect(chain.asked.isEmpty && chain.detections == 0)
    }
}
