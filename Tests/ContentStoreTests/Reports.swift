import ContentStore
import Synchronization

/// Collects what a store reports.
final class Reports: Sendable {
    private let list = Mutex<[GatewayReport]>([])
    private let (stream, feed) = AsyncStream.makeStream(of: GatewayReport.self)

    var all: [GatewayReport] { list.withLock { $0 } }

    @Sendable func add(_ report: GatewayReport) {
        list.withLock { $0.append(report) }
        feed.yield(report)
    }

    /// Waits for the first report.
    func first() async {
        for await _ in stream { return }
    }
}
