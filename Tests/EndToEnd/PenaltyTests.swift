import Ethereum
import Foundation
import Shared
import TestNetwork
import Testing

@Suite("Penalties", .crowd)
struct PenaltyTests {
    @Test(
        "a requester whose prompts break the limit is slowed and then refused, also after a restart; others are served")
    func slowedAndRefused() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        // One seat: each offence is known before the next job starts.
        let settings = ["BLF_MAX_PROMPT_BYTES": "1000", "BLF_MAX_CONCURRENT_JOBS": "1"]
        let running = try await node.start(settings)
        let offender = try PrivateKey.generate()
        let tooLong = Ask(network, prompt: String(repeating: "a", count: 1001), by: offender)

        let offences = try (0..<4).map { _ in try tooLong.submit(to: node) }
        for id in offences[..<2] { #expect(try await running.failure(of: id) == "blob_too_large") }
        let delayed = try await running.event("job_delayed", job: offences[2])
        #expect(delayed["reason"]?.text == "requester_slowed")
        #expect(running.text.contains("\"job_failed\"") && !isStarted(offences[2], running))
        #expect(try await network.serves(node), "another requester does not wait")
        for id in offences[2...] { #expect(try await running.failure(of: id, within: 40) == "blob_too_large") }

        let good = try Ask(network, by: offender).submit(to: node)
        let skipped = try await running.event("job_skipped", job: good)
        #expect(skipped["reason"]?.text == "requester_penalised")
        #expect(try await network.serves(node), "another requester is served")
        #expect(try await running.stop() == 0)

        let again = try await node.start(settings, log: "again.log")
        // The coordinator may have given the first one up by now.
        let late = try Ask(network, by: offender).submit(to: node)
        try await again.event("job_skipped", job: late)
        #expect(try await network.serves(node))
        for job in [good, late] {
            #expect(try network.progress(of: node, in: job)["claims"]?.int == 0)
            #expect(!isStarted(job, running) && !isStarted(job, again))
        }

        let name = offender.address.checksummed.lowercased()
        let json = try await network.run(
            "blindference-node", ["jobs", "--penalties", "--config-dir", node.folder.path, "--format", "json"])
        let rows = try JSONValue(parsing: Array(json.output.utf8)).elements ?? []
        #expect(rows.map { $0["requester"]?.text } == [name])
        #expect(rows.first?["standing"]?.text == "refused")
        guard case .object(let members) = rows.first ?? .null else {
            Issue.record("no object: \(json.output)")
            return
        }
        #expect(members.map(\.key) == ["requester", "score", "standing", "until", "updatedAt"])
        let table = try await network.run(
            "blindference-node", ["jobs", "list", "--penalties", "--config-dir", node.folder.path])
        #expect(table.status == 0)
        #expect(table.output.contains(name) && table.output.contains("refused"))
        let violations = try await network.violations()
        #expect(violations.count == 0, "\(violations.text)")
        #expect(try await again.stop() == 0)
    }

    private func isStarted(_ job: String, _ running: ChildProcess) -> Bool {
        running.text.split(separator: "\n").contains { $0.contains("\"job_started\"") && $0.contains(job) }
    }
}
