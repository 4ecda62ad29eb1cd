import Shared
import TestNetwork
import Testing

@Suite("The threshold network fails", .crowd)
struct CoFHEFaultTests {
    @Test("a decryption that stumbles is asked again; one that is refused or stays away leaves the job unclaimed")
    func decryption() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start()
        for (action, milliseconds) in [("status", 0), ("close", 0), ("garbage", 0), ("hang", 800)] {
            try network.fault("/cofhe", action, count: 2, milliseconds: milliseconds, contains: "decryptForView")
            #expect(try await network.serves(node), "\(action)")
        }
        #expect(running.count(of: "job_failed") == 0)

        for (status, code) in [(403, "decrypt_refused"), (503, "decrypt_unreachable")] {
            try network.fault("/cofhe", "status", count: 0, status: status, contains: "decryptForView")
            let id = try Ask(network).submit(to: node)
            #expect(try await running.failure(of: id) == code)
            #expect(try await node.journalled(id)["code"] as? String == code)
            #expect(try network.progress(of: node, in: id)["claims"]?.int == 0)
            try network.clearFaults()
        }
        #expect(try await network.serves(node))
        #expect(try await network.violations().count == 0)
    }

    @Test("no result is ever sent without its output key", arguments: ["status", "close", "garbage"])
    func encryption(action: String) async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let running = try await node.start()
        // Once is forgiven.
        let once = try Ask(network).submit(to: node)
        try network.fault("/cofhe", action, count: 1, contains: "cofhe_encrypt")
        #expect(try await network.eventually { try network.job(once)["status"]?.text == "ACCEPTED" })
        try network.clearFaults()

        let id = try Ask(network).submit(to: node)
        try network.fault("/cofhe", action, count: 0, contains: "cofhe_encrypt")
        let code = try await running.failure(of: id)
        #expect(code.hasPrefix("encryption_"), "\(code)")
        #expect(try network.job(id)["outputCid"] == .null)
        #expect(try network.progress(of: node, in: id)["state"]?.text == "claimed")

        try network.clearFaults()
        #expect(try await network.serves(node))
        #expect(try await network.violations().count == 0)
    }

    @Test("a busy verifier is asked again; one that refuses costs its job, and none is led until it takes a key again")
    func verifier() async throws {
        let bench = try await NativeBench(nodes: 1)
        let node = try await bench.node("leader")
        let running = try await node.start(try bench.settings())
        #expect(try await bench.network.serves(node))
        try bench.network.fault("/verify", "status", count: 1, status: 503)
        #expect(try await bench.network.serves(node))
        #expect(running.count(of: "job_failed") == 0)

        try bench.network.fault("/verify", "status", count: 0, status: 400)
        let refused = try Ask(bench.network).submit(to: node)
        #expect(try await running.failure(of: refused) == "encryption_failed")
        #expect(try bench.network.job(refused)["outputCid"] == .null)
        #expect(try bench.network.progress(of: node, in: refused)["state"] == "claimed")
        let next = try Ask(bench.network).submit(to: node)
        #expect(try await running.event("job_skipped", job: next)["reason"] == "encryption_unavailable")
        #expect(try bench.network.progress(of: node, in: next)["claims"] == 0)

        try bench.network.clearFaults()
        // A helper is tried out once a minute.
        let isServed = try await bench.network.eventually(within: 120) {
            try bench.network.job(next)["status"] == "ACCEPTED"
        }
        #expect(isServed, "\(running.text)")
        #expect(try await running.stop() == 0)
        #expect(try await bench.network.violations().count == 0)
    }
}
