import Foundation
import LoopbackServer
import Shared
import Synchronization
import TestNetwork
import Testing

@Suite("A wrong clock", .crowd)
struct ClockSkewTests {
    /// A coordinator that knows the node until it is told not to, with a clock that is `ahead` seconds off.
    private static func coordinator(ahead: Int, refusesFrom: @escaping @Sendable (Request) -> Bool) throws
        -> LoopbackServer
    {
        try LoopbackServer { request in
            let formatter = DateFormatter()
            formatter.locale = Locale(identifier: "en_US_POSIX")
            formatter.timeZone = TimeZone(identifier: "GMT")
            formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
            let date = [("Date", formatter.string(from: Date.now.addingTimeInterval(Double(ahead))))]
            if refusesFrom(request) { return .json(#"{"detail":"timestamp"}"#, status: 401, headers: date) }
            if request.target.hasPrefix("/internal/challenge") {
                let nonce = "0x" + String(repeating: "ab", count: 32)
                return .json(#"{"challengeId":"1","nonce":"\#(nonce)","expiresAt":4000000000}"#, headers: date)
            }
            if request.target == "/internal/attestation/verify" {
                let hash = "0x" + String(repeating: "cd", count: 16)
                return .json(#"{"certHash":"\#(hash)","expiry":4000000000,"tier":0}"#, headers: date)
            }
            if request.target.hasPrefix("/internal/assignments") { return .json(#"{"assignments":[]}"#, headers: date) }
            return .json(#"{"status":"ok"}"#, headers: date)
        }
    }

    @Test("at the start: the log names the clock and by how much it is off")
    func atStart() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let server = try Self.coordinator(ahead: 400) { _ in true }
        let running = try ChildProcess(
            TestNetwork.binaries.appending(path: "blindference-node"), ["run", "--password-file", node.passwordFile],
            environment: node.environment(["BLF_ICL_ENDPOINT": server.base]), directory: node.folder,
            output: node.folder.appending(path: "node.log"))
        let skew = try #require(Int(try await running.event("clock_skewed")["coordinatorAheadSeconds"]?.text ?? ""))
        #expect((398...402).contains(skew))
        #expect(try await running.stop() == 0)
    }

    @Test("while running: a refusal that the clock explains is named, and no attestation is wasted on it")
    func whileRunning() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let server = try Self.coordinator(ahead: -400) { $0.target.hasPrefix("/internal/assignments") }
        let running = try await node.start(["BLF_ICL_ENDPOINT": server.base])
        try await running.event("clock_skewed")
        #expect(
            try await network.eventually { server.requests.count { $0.target.hasPrefix("/internal/assignments") } >= 3 }
        )
        #expect(server.requests.count { $0.target == "/internal/attestation/verify" } == 1)
        #expect(running.count(of: "clock_skewed") == 1, "once a minute is enough")
        #expect(try await running.stop() == 0)
    }

    @Test("refused with a right clock, the node attests again, but not at every poll")
    func refusedForEver() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let server = try Self.coordinator(ahead: 0) { $0.target.hasPrefix("/internal/assignments") }
        let running = try await node.start(["BLF_ICL_ENDPOINT": server.base])
        #expect(
            try await network.eventually { server.requests.count { $0.target.hasPrefix("/internal/assignments") } >= 4 }
        )
        let attestations = server.requests.count { $0.target == "/internal/attestation/verify" }
        #expect((2...3).contains(attestations), "\(attestations)")
        #expect(running.count(of: "clock_skewed") == 0)
        #expect(try await running.stop() == 0)
    }
}
