import DevnetCore
import Foundation
import Inspection
import Shared
import TestNetwork

enum Canaries {
    /// A text that stands nowhere else.
    static func text() -> String { "canary" + Hexadecimal.encode(ToyCrypto.random(20)) }
}

/// Everything secret that an operator entrusts to a node, by every way there is.
struct OperatorCanaries {
    /// Of the node, whose password is made of it.
    var name = "canaries"
    let walletKey = ToyCrypto.random(32)
    let apiKey = Canaries.text()
    let uploadToken = Canaries.text()
    let attestationKey = Canaries.text()

    var canaries: [ScanOrder.Canary] {
        [
            .init(.walletKey, bytes: walletKey), .init(.walletDigits, text: Hexadecimal.encode(walletKey)),
            .init(.password, text: "password of \(name)"),
            .init(.apiKey, text: apiKey), .init(.uploadToken, text: uploadToken),
            .init(.attestationKey, text: attestationKey),
        ]
    }

    /// Starts the node on a kernel without memfd_secret, with its secrets in the environment and in `.env`.
    ///
    /// - Parameter launcher: a program that runs the command that follows.
    func start(
        _ node: TestNode, model: SlowModel, launcher: [String] = [], settings: [String: String] = [:]
    ) async throws -> ChildProcess {
        try? FileManager.default.removeItem(at: node.folder.appending(path: "key"))
        try Data("BLF_IPFS_UPLOAD_JWT='\(uploadToken)'\n".utf8).write(to: node.folder.appending(path: ".env"))
        let secrets = [
            "GROQ_API_KEY": apiKey, "MOCK_ATTESTATION_KEY": attestationKey,
            "BLF_KEY_PASSWORD": "password of \(name)", "BLF_PRIVATE_KEY": Hexadecimal.encode(walletKey),
            "BLF_GROQ_BASE_URL": model.base,
        ]
        let command =
            launcher + [Security.withoutSecretMemory, TestNetwork.binaries.appending(path: "blindference-node").path]
        let process = try ChildProcess(
            URL(filePath: command[0]), Array(command.dropFirst()) + ["run"],
            environment: node.environment(model.settings.merging(secrets) { $1 }.merging(settings) { $1 }),
            directory: node.folder, output: node.folder.appending(path: "node.log"))
        try await process.line(within: 30) { $0.contains("node_started") }
        return process
    }
}

extension KnownQuestion {
    var canaries: [ScanOrder.Canary] {
        [
            .init(.prompt, text: canary), .init(.wholePrompt, text: prompt), .init(.promptKey, bytes: sealed.key),
            .init(.promptHigh, bytes: sealed.high), .init(.promptLow, bytes: sealed.low),
        ]
    }
}
