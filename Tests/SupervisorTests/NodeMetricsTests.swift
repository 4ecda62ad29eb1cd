import LocalNode
import LoopbackServer
import Metrics
import MetricsTestKit
import Testing

@testable import Supervisor

@Suite("What the node counts")
struct NodeMetricsTests {
    @Test("the time that plaintext lay open is recorded in nanoseconds, under a name without labels")
    func exposure() async throws {
        let metrics = TestMetrics()
        // For this process once and for all: no other test of this suite looks at metrics.
        MetricsSystem.bootstrap(metrics)
        NodeMetrics.exposed(for: .milliseconds(1500))
        let timer = try metrics.expectTimer("blindference_exposure_seconds")
        #expect(timer.values.contains(1_500_000_000))
        let model = try LoopbackServer { _ in
            .json(#"{"choices":[{"message":{"role":"assistant","content":"Because."}}]}"#)
        }
        let node = try await LocalNode(asking: model, JobTiming())
        let open = try #require(try await node.serveOneJob().exposure)
        #expect(try metrics.expectTimer("blindference_exposure_seconds").values.contains(Int64(open) * 1000))
        #expect(node.attestedManifests == [LocalNode.manifest.digest], "what an attestation binds")
    }
}
