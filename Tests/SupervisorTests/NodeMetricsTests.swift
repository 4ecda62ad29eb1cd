import Metrics
import MetricsTestKit
import Testing

@testable import Supervisor

@Suite("What the node counts")
struct NodeMetricsTests {
    @Test("the time that plaintext lay open is recorded in nanoseconds, under a name without labels")
    func exposure() throws {
        let metrics = TestMetrics()
        // For this process once and for all: no other test of this suite looks at metrics.
        MetricsSystem.bootstrap(metrics)
        NodeMetrics.exposed(for: .milliseconds(1500))
        let timer = try metrics.expectTimer("blindference_exposure_seconds")
        #expect(timer.values.contains(1_500_000_000))
    }
}
