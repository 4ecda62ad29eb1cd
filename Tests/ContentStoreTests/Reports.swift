import ContentStore
import Synchronization

/// Collects what a store reports.
final class Reports: Sendable {
    private let list = Mutex<[GatewayReport]>([])

    var all: [GatewayReport] { list.withLock { $0 } }

    @Sendable func add(_ report: GatewayReport) { list.withLock { $0.append(report) } }
}
