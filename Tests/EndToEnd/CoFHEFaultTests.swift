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
}
