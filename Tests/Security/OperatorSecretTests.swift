import DevnetCore
import Foundation
import Inspection
import Shared
import TestNetwork
import Testing

extension Security {
    @Suite("The operator's own secrets") struct OperatorSecretTests {
        @Test("wallet key, password and API key are in no readable memory, environment or file of a running node")
        func secrets() async throws {
            let network = try await TestNetwork()
            let model = try SlowModel()
            let walletKey = ToyCrypto.random(32)
            let node = try await network.makeNode("wallet", privateKey: Hexadecimal.encode(walletKey))
            let apiKey = "gsk_" + Hexadecimal.encode(ToyCrypto.random(24))
            let password = "password of wallet"
            let log = node.folder.appending(path: "node.log")
            let settings = ["BLF_KEY_PASSWORD": password, "GROQ_API_KEY": apiKey, "BLF_GROQ_BASE_URL": model.base]
            let process = try ChildProcess(
                TestNetwork.binaries.appending(path: "blindference-node"), ["run"],
                environment: node.environment(model.settings.merging(settings) { $1 }), directory: node.folder,
                output: log)
            try await process.line(within: 30) { $0.contains("node_started") }
            let view = ProcessView(process.pid)
            let needles =
                Needle.spellings(of: walletKey, "wallet key")
                + Needle.spellings(of: Hexadecimal.encode(walletKey), "wallet key as text")
                + Needle.spellings(of: password, "password") + Needle.spellings(of: apiKey, "API key")
            func look(_ moment: String) throws {
                let scan = try MemoryScan(view, for: needles + [Needle("address", Array(node.address.utf8))])
                for needle in needles {
                    #expect(scan.hits(needle.name).isEmpty, "\(moment): \(scan.hits(needle.name))")
                }
                #expect(!scan.hits("address").isEmpty, "the scan sees")
                for worker in view.children {
                    let inside = try MemoryScan(worker, for: needles)
                    #expect(inside.hits.isEmpty, "\(moment), worker: \(inside.hits)")
                    #expect(Set(worker.environment) == Security.environmentParts)
                }
            }
            #expect(!view.text("environ").contains(apiKey) && !view.text("environ").contains(password))
            #expect(view.text("environ").contains("BLF_ICL_ENDPOINT"))
            try look("after the start")
            // A job with the API key, and several signatures of the wallet.
            let question = try KnownQuestion(url: network.url, model: "groq:llama", leader: node.address)
            try await Security.wait(for: "the worker asks the model") { model.asked == 1 }
            #expect(model.requests[0].header("Authorization") == "Bearer \(apiKey)")
            try look("during a job")
            model.release()
            try await Security.wait(for: "the answer is accepted") { question.isAccepted }
            try look("after a job")
            for name in ["node.log", "journal.sqlite", "journal.sqlite-wal", "config.json", "keystore.json"] {
                let file = node.folder.appending(path: name)
                guard FileManager.default.fileExists(atPath: file.path) else { continue }
                #expect(try MemoryScan.file(file, for: needles).isEmpty)
            }
        }
    }
}
