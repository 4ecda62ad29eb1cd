import CoFHE
import DevnetCore
import Ethereum
import Foundation
import Glibc
import HTTPTransport
import Shared
import Supervisor
import TestChain
import TestNetwork

/// A prompt's key on its way: permit, chain, network, and opened in a worker.
enum CoFHEBench {
    static func run(into rows: inout [Row]) async throws {
        let wallet = try PrivateKey.generate()
        let chain = try await TestChain(funding: [wallet.address.checksummed], cofhe: "a")
        guard let store = chain.contracts["PromptKeyStore"] else { throw TestChain.Failure.noAnswer }
        let network = try await TestNetwork("--nodes", "1", "--rpc", chain.url, "--key-store", store)
        let prompt = try Prompt(on: network, for: wallet.address)
        let client = try CurlClient()
        let rpc = RPCClient(endpoints: [try ServiceURL(chain.url)], chainID: 421_614, client: client)
        let gate = PermitGate()
        gate.assign(prompt.handles, to: prompt.job)
        let native = NativeNetwork(
            rpc: rpc, keyStore: PromptKeyStoreContract(Contract(try Address(store), rpc)),
            service: try ServiceURL(network.url), client: client, wallet: wallet, gate: gate)
        let spawner = WorkerSpawner(
            program: try WorkerProgram(
                path: TestNetwork.binaries.appending(path: "blindference-worker").path,
                limits: JobLimits(prompt: 64 << 10), trustFile: nil))
        let order = JobOrder(
            role: .verifier, modelID: "mock", seal: try await native.seal(), backend: .mock, encryption: nil)
        var processor: [Double] = []
        var opened: [Double] = []
        for _ in 0..<50 {
            let worker = try await spawner.spawn()
            let deadline = ContinuousClock.now + .seconds(10)
            try await worker.start(order, credential: nil, deadline: deadline)
            let (sealing, _) = try await worker.receive(deadline: deadline)
            let publicKey = sealing.fields["public"]?.text.flatMap(Hexadecimal.decode) ?? []
            let before = processorTime()
            let sealed = try await native.sealedKey(prompt.handles, of: prompt.job, to: publicKey, as: order.seal)
            processor.append(processorTime() - before)
            let sent = ContinuousClock.now
            try await worker.send(material: sealed, of: prompt.handles, blob: prompt.blob, deadline: deadline)
            let (output, _) = try await worker.receive(deadline: deadline)
            opened.append((ContinuousClock.now - sent).inMilliseconds)
            precondition(output.kind == .output)
        }
        rows.append(
            Row(
                "CPU to have both halves of a prompt's key sealed (permit, three questions to the chain, two to the network)",
                [processor.median], atMost: [15], unit: "ms"))
        rows.append(
            Row(
                "from sealed halves to the mock's answer: two signatures checked, two boxes opened, prompt decrypted",
                [opened.median], atMost: [2], unit: "ms"))
    }

    /// Of this process, in milliseconds.
    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }

    /// A question that waits for one node, its key on chain.
    private struct Prompt {
        let job: String
        let handles: KeyHandles
        let blob: [UInt8]

        init(on network: TestNetwork, for node: Address) throws {
            let client = try LoopbackClient(url: network.url)
            let user = try PrivateKey.generate()
            let cofhe = try CoFHEClient(client: client, key: user)
            let key = ToyCrypto.random(32)
            blob = try Blob.seal(Array("Why is the sky blue?".utf8), key: key)
            let (high, low) = (try cofhe.encrypt(Array(key[..<16])), try cofhe.encrypt(Array(key[16...])))
            let answer = try client.json(
                "POST", "/dev/submit",
                [
                    "modelId": "mock", "promptCid": .string(try client.upload(blob)),
                    "userAddress": .string(user.address.checksummed), "leader": .string(node.checksummed),
                    "verifiers": 0, "kpHighHandle": .string(HandleText.decimal(high)),
                    "kpLowHandle": .string(HandleText.decimal(low)),
                ])
            guard let job = answer["jobId"]?.text, let first = CiphertextHandle(bytes: high.bytes),
                let second = CiphertextHandle(bytes: low.bytes)
            else { throw TestChain.Failure.noAnswer }
            self.job = job
            handles = KeyHandles(high: first, low: second)
        }
    }
}
