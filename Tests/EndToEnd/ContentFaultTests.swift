import Shared
import TestNetwork
import Testing

@Suite("Bad blobs and bad handles", .crowd)
struct ContentFaultTests {
    @Test("every bad prompt ends with its own code, and the node serves the next job")
    func badPrompts() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start(["BLF_MAX_PROMPT_BYTES": "1000"])
        let cases: [(String, Ask, code: String, isClaimed: Bool)] = [
            ("tampered ciphertext", Ask(network, .flippedBit), "prompt_unreadable", true),
            ("truncated blob", Ask(network, .truncated), "prompt_malformed", true),
            ("a key that opens something else", Ask(network, .otherKey), "prompt_unreadable", true),
            ("not UTF-8", Ask(network, prompt: [0xFF, 0xFE, 0x41]), "prompt_not_text", true),
            ("no such content", Ask(network, .notStored), "blob_not_found", false),
            (
                "longer than max_prompt_bytes", Ask(network, prompt: String(repeating: "a", count: 1001)),
                "blob_too_large", false
            ),
            ("handle zero", Ask(network, .handlesZero), "handle_zero", false),
            ("no handles at all", Ask(network, .handlesMissing), "handles_missing", true),
        ]
        // All at once, for an idle node polls every 5 s only.
        let jobs = try cases.map { try $0.1.submit(to: node) }
        for ((name, _, code, isClaimed), id) in zip(cases, jobs) {
            #expect(try await running.failure(of: id) == code, "\(name)")
            let line = try await node.journalled(id)
            #expect(line["state"] as? String == "failed", "\(name)")
            #expect(line["code"] as? String == code, "\(name)")
            #expect((try network.progress(of: node, in: id)["claims"]?.int ?? 0 > 0) == isClaimed, "\(name)")
        }
        #expect(try await network.serves(node))
        #expect(try await running.stop() == 0)
        let violations = try await network.violations()
        #expect(violations.count == 0, "\(violations.text)")
    }

    @Test("a prompt of exactly max_prompt_bytes is served")
    func exactLimit() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start(["BLF_MAX_PROMPT_BYTES": "1000"])
        let id = try Ask(network, prompt: String(repeating: "a", count: 1000)).submit(to: node)
        try await running.event("result_sent", job: id)
    }

    @Test("a prompt of 8 MiB, the default limit, is served, and one byte more is refused unclaimed")
    func largest() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start()
        let prompt = String(repeating: "Blindfold", count: (8 << 20) / 9 + 1).prefix(8 << 20)
        let id = try Ask(network, prompt: String(prompt)).submit(to: node)
        try await running.event("result_sent", job: id, within: 60)
        let longer = try Ask(network, prompt: prompt + "!").submit(to: node)
        #expect(try await running.failure(of: longer) == "blob_too_large")
        #expect(try network.progress(of: node, in: longer)["claims"]?.int == 0)
        #expect(try await network.violations().count == 0)
    }

    @Test("a blob that does not match its CID is not claimed; right at the second try, it is served")
    func corruptOnce() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start()
        try network.fault("/ipfs", "wrong_bytes", count: 1)
        let id = try Ask(network).submit(to: node)
        #expect(try await running.failure(of: id) == "blob_mismatch")
        #expect(try network.progress(of: node, in: id)["claims"]?.int == 0)
        try await running.event("result_sent", job: id, within: 40)
        #expect(try await node.journalled(id)["state"] as? String == "sent")
        #expect(try await network.violations().count == 0)
    }

    @Test("a gateway that drips or stops in the middle costs the job nothing but time")
    func dripping() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start()
        try network.fault("/ipfs", "drip", milliseconds: 5)
        let dripped = try Ask(network).submit(to: node)
        try await running.event("result_sent", job: dripped)
        try network.fault("/ipfs", "close")
        let closed = try Ask(network).submit(to: node)
        try await running.event("result_sent", job: closed, within: 40)
        #expect(try await network.violations().count == 0)
    }
}

@Suite("Uploads", .crowd)
struct UploadFaultTests {
    @Test("an upload that fails twice is tried again, one that keeps failing is upload_failed and nothing is sent")
    func failing() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start()
        try network.fault("/api/v0/add", "status", count: 2, status: 503, contains: "blindference-output.bin")
        #expect(try await network.serves(node))
        #expect(running.count(of: "job_failed") == 0)

        try network.fault("/api/v0/add", "status", count: 0, status: 503, contains: "blindference-output.bin")
        let id = try Ask(network).submit(to: node)
        #expect(try await running.failure(of: id) == "upload_failed")
        #expect(try await node.journalled(id)["code"] as? String == "upload_failed")
        #expect(try network.job(id)["outputCid"] == .null)

        try network.clearFaults()
        #expect(try await network.serves(node))
        #expect(try await network.violations().count == 0)
    }

    @Test("a node without an upload service leaves leader jobs alone and serves as verifier")
    func none() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let uploader = try await network.makeNode("uploader")
        let node = try await network.makeNode("verifier")
        let running = try await node.start(["BLF_IPFS_UPLOAD_URL": ""])
        let leading = try Ask(network).submit(to: node)
        let skipped = try await running.event("job_skipped", job: leading)
        #expect(skipped["reason"]?.text == "upload_unavailable")
        #expect(try network.progress(of: node, in: leading)["claims"]?.int == 0)

        let other = try await uploader.start()
        let id = try Ask(network).submit(to: uploader, verifiers: [node])
        #expect(try await network.eventually { try network.job(id)["status"]?.text == "ACCEPTED" })
        try await running.event("result_sent", job: id)
        #expect(try await other.stop() == 0)
        #expect(try await network.violations().count == 0)
    }
}
