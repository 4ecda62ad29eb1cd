import DevnetCore
import Foundation
import Shared
import TestChain
import TestNetwork
import Testing

/// A network that speaks CoFHE's own protocol, its contracts on a real EVM.
struct NativeNetworkBench {
    let chain: TestChain
    let network: TestNetwork

    /// - Parameter options: more of the devnet's.
    init(_ options: String...) async throws {
        chain = try await TestChain(cofhe: "a")
        network = try await TestNetwork(
            options: options + ["--rpc", chain.url, "--key-store", try #require(chain.contracts["PromptKeyStore"])])
    }

    /// With 10 ETH in its wallet.
    func node(_ name: String, privateKey: String? = nil) async throws -> TestNode {
        let node = try await network.makeNode(name, privateKey: privateKey)
        try await chain.fund(node.address)
        return node
    }

    func settings(helper: String? = nil) throws -> [String: String] {
        [
            "BLF_COFHE_MODE": "native", "BLF_COFHE_TN_URL": network.url, "BLF_COFHE_VERIFIER_URL": network.url,
            "BLF_COFHE_KEY_URL": network.url, "BLF_RPC_URL": chain.url,
            "BLF_PROMPT_KEY_STORE_ADDRESS": try #require(chain.contracts["PromptKeyStore"]),
            "BLF_COFHE_HELPER": helper ?? TestNetwork.binaries.appending(path: "blindference-devnet-helper").path,
        ]
    }

    /// A node tries a helper out at its start, with a key that is nobody's.
    func waitUntilHelperWasTried(by node: TestNode) async throws {
        let client = try LoopbackClient(url: network.url)
        try await Security.wait(for: "a helper was tried out", within: 30) {
            try client.json("GET", "/dev/state")["calls"]?[node.address]?["verify"] == 1
        }
    }

    /// Has the threshold network say "not ready" to so many requests that come next.
    func holdSealing(_ count: Int) throws {
        _ = try LoopbackClient(url: network.url).json("POST", "/dev/cofhe", ["notReady": .integer(count)])
    }

    /// Signatures of all permits that came to the network.
    func permits() throws -> [[UInt8]] { try seen("permits") }

    /// Public halves of the pairs that they have answers sealed to.
    func sealingKeys() throws -> [[UInt8]] { try seen("sealingKeys") }

    private func seen(_ what: String) throws -> [[UInt8]] {
        let found = try LoopbackClient(url: network.url).json("GET", "/dev/cofhe")[what]?.elements ?? []
        return found.compactMap { $0.text.flatMap { Hexadecimal.decode($0) } }
    }
}
