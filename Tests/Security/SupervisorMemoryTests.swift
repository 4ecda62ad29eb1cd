import DevnetCore
import Ethereum
import Foundation
import Inspection
import Shared
import TestNetwork
import Testing

extension Security {
    @Suite("What the supervisor never holds") struct SupervisorMemoryTests {
        @Test(
            "neither prompt, nor answer, nor any key is in a leader's or a verifier's supervisor, during and after a job"
        )
        func job() async throws {
            let network = try await TestNetwork()
            let nodes = [try await network.makeNode("leader"), try await network.makeNode("verifier")]
            try await expectNothing(of: nodes, in: network, settings: [:])
        }

        @Test(
            "nor over the native protocol, where a helper encrypts the answer's key; and no permit is in any file of the node"
        )
        func native() async throws {
            let native = try await NativeNetworkBench()
            let nodes = [try await native.node("leader"), try await native.node("verifier")]
            try await expectNothing(of: nodes, in: native.network, settings: try native.settings())
            let permits = try native.permits()
            #expect(permits.count >= 4, "both halves, of both nodes")
            for node in nodes {
                try SupervisorMemoryTests.expectClean(
                    node.folder, of: permits.flatMap { Needle.spellings(of: $0, "permit") })
            }
        }

        private func expectNothing(
            of nodes: [TestNode], in network: TestNetwork, settings: [String: String]
        ) async throws {
            let model = try SlowModel()
            var running: [ChildProcess] = []
            for node in nodes { running.append(try await node.start(model.settings.merging(settings) { $1 })) }
            let question = try KnownQuestion(
                url: network.url, model: SlowModel.id, leader: nodes[0].address, verifiers: [nodes[1].address])
            try await Security.wait(for: "both workers ask the model") { model.asked == 2 }
            // The workers hold the prompt now.
            for request in model.requests { #expect(request.text.contains(question.canary)) }
            // What the scan finds shows that it sees; what it does not find is the claim.
            let seen = [
                Needle("job id", Array(question.jobID.utf8)), Needle("prompt CID", Array(question.promptCID.utf8)),
            ]
            let secret = question.needles + question.digestNeedles(model: SlowModel.id)
            for (node, process) in zip(nodes, running) {
                let scan = try MemoryScan(ProcessView(process.pid), for: secret + seen)
                for needle in secret {
                    #expect(scan.hits(needle.name).isEmpty, "\(node.name), during: \(scan.hits(needle.name))")
                }
                for needle in seen {
                    #expect(!scan.hits(needle.name).isEmpty, "\(node.name): the scan does not see \(needle.name)")
                }
                #expect(scan.bytesRead > 50 << 20)
            }
            model.release()
            try await Security.wait(for: "the quorum accepts") { question.isAccepted }
            let (answer, outputKey) = try question.read()
            #expect(answer == model.answer)
            let after =
                secret + Needle.spellings(of: answer, "answer") + Needle.spellings(of: outputKey, "output key")
                + Needle.spellings(of: Array(outputKey[..<16]), "output high half")
                + Needle.spellings(of: Array(outputKey[16...]), "output low half")
            for (node, process) in zip(nodes, running) {
                let scan = try MemoryScan(ProcessView(process.pid), for: after + seen)
                for needle in after {
                    #expect(scan.hits(needle.name).isEmpty, "\(node.name), after: \(scan.hits(needle.name))")
                }
                #expect(!scan.hits("job id").isEmpty)
                try SupervisorMemoryTests.expectClean(node.folder, of: after)
                process.signal(SIGTERM)
                #expect(try await process.end() == 0)
                try SupervisorMemoryTests.expectClean(node.folder, of: after)
            }
        }

        @Test("the mock's answer, made from the prompt, is nowhere in the supervisor or its files")
        func mock() async throws {
            let network = try await TestNetwork()
            let node = try await network.makeNode("leader")
            let process = try await node.start()
            let question = try KnownQuestion(url: network.url, model: "mock", leader: node.address)
            try await Security.wait(for: "the answer is accepted") { question.isAccepted }
            let (answer, outputKey) = try question.read()
            let needles =
                question.needles + question.digestNeedles(model: "mock") + Needle.spellings(of: answer, "answer")
                + Needle.spellings(of: outputKey, "output key")
            let scan = try MemoryScan(
                ProcessView(process.pid), for: needles + [Needle("job id", Array(question.jobID.utf8))])
            for needle in needles { #expect(scan.hits(needle.name).isEmpty, "\(scan.hits(needle.name))") }
            #expect(!scan.hits("job id").isEmpty)
            try SupervisorMemoryTests.expectClean(node.folder, of: needles)
        }

        @Test("the scan finds what lies in another process, in every spelling")
        func control() async throws {
            let canary = "canary" + Hexadecimal.encode(ToyCrypto.random(20))
            let text = "\"\(canary)\"\n"
            let log = FileManager.default.temporaryDirectory.appending(path: "control-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: log) }
            for needle in Needle.spellings(of: text, "text") where needle.bytes.allSatisfy({ $0 != 0 }) {
                let child = try ChildProcess(
                    URL(filePath: "/bin/sleep"), ["30"],
                    environment: ["HELD": String(decoding: needle.bytes, as: UTF8.self)], output: log)
                let scan = try MemoryScan(ProcessView(child.pid), for: [needle])
                #expect(!scan.hits.isEmpty, "\(needle.name)")
            }
            // An environment takes no zero bytes, and a file all.
            let file = FileManager.default.temporaryDirectory.appending(path: "spelling-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            let half = [0] + ToyCrypto.random(15)
            // Made by others than the scan.
            let digits = Hexadecimal.encode(Array(text.utf8))
            let encoded = ["", "a", "ab"].map { Data("\($0)\(text) and more".utf8).base64EncodedString() }
            let spelled = try [
                digits, digits.uppercased(), HandleText.decimal(#require(Word(bytes: half))),
                Hexadecimal.encode(half.reversed()),
            ]
            let planted =
                Needle.spellings(of: text, "text") + Needle.spellings(of: half, "half")
                + encoded.map { Needle("text (base64)", Array($0.utf8)) }
                + zip(["text", "text", "half", "half"], spelled).map { Needle("\($0) (digits)", Array($1.utf8)) } + [
                    Needle("text (16 bits)", [UInt8](text.data(using: .utf16LittleEndian) ?? Data())),
                    Needle("text (JSON)", JSONValue.string(text).encoded()),
                    Needle("half (lowest first)", half.reversed()),
                ]
            let order = ScanOrder([.init("text", text: text), .init("half", bytes: half)], paths: [file.path])
            for needle in planted {
                // Behind zeros: a search that skips empty memory must not skip into the needle.
                try Data([UInt8](repeating: 0, count: 7) + needle.bytes).write(to: file)
                #expect(try !MemoryScan.file(file, for: [needle]).isEmpty, "\(needle.name)")
                let found = try Security.scan(order).places.first
                #expect(found?.count(String(needle.name.prefix(4))) ?? 0 > 0, "\(needle.name)")
            }
            let absent = try ChildProcess(URL(filePath: "/bin/sleep"), ["30"], output: log)
            #expect(try MemoryScan(ProcessView(absent.pid), for: Needle.spellings(of: text, "text")).hits.isEmpty)
        }

        /// Log, journal with its side files, configuration: every file of the node's folder.
        static func expectClean(_ folder: URL, of needles: [Needle]) throws {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(names.contains("node.log") && names.contains("journal.sqlite"))
            for name in names {
                let found = try MemoryScan.file(folder.appending(path: name), for: needles)
                #expect(found.isEmpty, "\(found)")
            }
        }
    }
}
