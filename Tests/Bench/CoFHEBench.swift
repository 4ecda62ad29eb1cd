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
        let gate = PermitGate(issuer: wallet.address, chainID: 421_614)
        gate.assign(prompt.handles, to: prompt.job)
        func nativeNetwork(_ client: any HTTPClient) throws -> NativeNetwork {
            let rpc = RPCClient(endpoints: [try ServiceURL(chain.url)], chainID: 421_614, client: client)
            return NativeNetwork(
                rpc: rpc, keyStore: PromptKeyStoreContract(Contract(try Address(store), rpc)),
                service: try ServiceURL(network.url), client: client, wallet: wallet, gate: gate)
        }
        let native = try nativeNetwork(client)
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
                "round trips, one after the other, to have both halves sealed, on a chain that is known",
                [try await roundTrips(nativeNetwork, client, prompt)], atMost: [2], unit: ""))
        rows.append(
            Row(
                "from sealed halves to the mock's answer: two signatures checked, two boxes opened, prompt decrypted",
                [opened.median], atMost: [2], unit: "ms"))
    }

    /// How many requests follow upon each other: what a delay of each adds, in delays.
    private static func roundTrips(
        _ network: (any HTTPClient) throws -> NativeNetwork, _ client: CurlClient, _ prompt: Prompt
    ) async throws -> Double {
        let delay = Duration.milliseconds(50)
        var times: [Double] = []
        for client in [client, DelayingClient(inner: client, delay: delay)] as [any HTTPClient] {
            let native = try network(client)
            // The contracts are remembered for minutes.
            let seal = try await native.seal()
            var own: [Double] = []
            for _ in 0..<15 {
                let sealingKey = try ToyCrypto.x25519PublicKey(of: ToyCrypto.random(32))
                let start = ContinuousClock.now
                _ = try await native.sealedKey(prompt.handles, of: prompt.job, to: sealingKey, as: seal)
                own.append((ContinuousClock.now - start).inMilliseconds)
            }
            times.append(own.median)
        }
        // A trip is whole, and a sleep never exact.
        return ((times[1] - times[0]) / delay.inMilliseconds).rounded()
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

/// A service that is farther away.
private struct DelayingClient: HTTPClient {
    let inner: CurlClient
    let delay: Duration

    func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        do { try await Task.sleep(for: delay) } catch { throw .cancelled }
        return try await inner.send(request)
    }
}
