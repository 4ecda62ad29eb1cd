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

    init() async throws {
        chain = try await TestChain(cofhe: "a", isShared: false)
        network = try await TestNetwork(
            "--rpc", chain.url, "--key-store", try #require(chain.contracts["PromptKeyStore"]))
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

    /// Signatures of all permits that came to the network.
    func permits() throws -> [[UInt8]] {
        let found = try LoopbackClient(url: network.url).json("GET", "/dev/cofhe")["permits"]?.elements ?? []
        return found.compactMap { $0.text.flatMap { Hexadecimal.decode($0) } }
    }
}
