internal import CCurl
internal import Glibc
internal import Synchronization

/// A request on its way to the engine's thread.
struct CurlOrder: Sendable {
    let id: UInt64
    let url: ServiceURL
    let request: HTTPRequest
    let continuation: Continuation

    typealias Continuation = CheckedContinuation<Result<HTTPResponse, HTTPFailure>, Never>
}

/// One libcurl multi handle and the one thread that may touch it.
///
/// The thread sleeps in curl_multi_poll until a socket, a timer or `curl_multi_wakeup` wants it; idle it uses no CPU.
final class CurlEngine: Sendable {
    private struct Inbox {
        var orders: [CurlOrder] = []
        var cancelled: [UInt64] = []
        var isStopping = false
        /// The thread takes no more orders, and the multi handle may be gone.
        var isClosed = false

        var isEmpty: Bool { orders.isEmpty && cancelled.isEmpty && !isStopping }
    }

    // @unchecked: other threads only call curl_multi_wakeup, which is made for that, and only while the inbox is open.
    private struct Multi: @unchecked Sendable { let handle: UnsafeMutableRawPointer }

    private let multi: Multi
    private let settings: CurlSettings
    private let inbox = Mutex(Inbox())
    private let thread = Mutex<pthread_t?>(nil)
    private static let keptConnections = 16
    private static let keptHandles = 8

    init(_ settings: CurlSettings) throws(HTTPFailure) {
        guard CurlMemory.state == CURLE_OK, let handle = curl_multi_init() else {
            throw .transport(code: Int(CURLE_FAILED_INIT.rawValue))
        }
        multi = Multi(handle: handle)
        self.settings = settings
        ccurl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, CurlEngine.keptConnections)
        var started = pthread_t()
        let context = Unmanaged.passRetained(self)
        let code = pthread_create(
            &started, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<CurlEngine>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            curl_multi_cleanup(handle)
            throw .transport(code: Int(CURLE_FAILED_INIT.rawValue))
        }
        let identity = started
        thread.withLock { $0 = identity }
    }

    func submit(_ order: CurlOrder) {
        let isAccepted = post { $0.orders.append(order) }
        if !isAccepted { order.continuation.resume(returning: .failure(.cancelled)) }
    }

    /// Ends the transfer if it still runs; an id that is unknown or done changes nothing.
    func cancel(_ id: UInt64) { _ = post { $0.cancelled.append(id) } }

    /// Ends every transfer with `cancelled` and waits for the thread, which is not long: it never blocks on a peer.
    func stop() {
        _ = post { $0.isStopping = true }
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let running { pthread_join(running, nil) }
    }

    private func post(_ change: (inout Inbox) -> Void) -> Bool {
        inbox.withLock { inbox in
            guard !inbox.isClosed else { return false }
            let mustWake = inbox.isEmpty
            change(&inbox)
            if mustWake { curl_multi_wakeup(multi.handle) }
            return true
        }
    }

    // MARK: - On the thread

    private func run() {
        CurlEngine.blockSignals()
        var floor = CurlFloor(multi: multi.handle, settings: settings, keptHandles: CurlEngine.keptHandles)
        while takePost(&floor) {
            floor.step()
            guard curl_multi_poll(multi.handle, nil, 0, Int32.max, nil) == CURLM_OK else { break }
        }
        let left = inbox.withLock { inbox in
            inbox.isClosed = true
            return inbox.orders
        }
        for order in left { order.continuation.resume(returning: .failure(.cancelled)) }
        floor.close()
        curl_multi_cleanup(multi.handle)
    }

    /// False when the engine is to stop. A function of its own, so that no order outlives it while the thread sleeps.
    private func takePost(_ floor: inout CurlFloor) -> Bool {
        let post = inbox.withLock { inbox in
            let taken = inbox
            if !inbox.isStopping { (inbox.orders, inbox.cancelled) = ([], []) }
            return taken
        }
        guard !post.isStopping else { return false }
        for order in post.orders { floor.begin(order) }
        for id in post.cancelled { floor.end(id, .failure(.cancelled)) }
        return true
    }

    /// Signals belong to the main thread, and a write to a closed TLS connection must not raise SIGPIPE here.
    private static func blockSignals() {
        var signals = sigset_t()
        sigfillset(&signals)
        for synchronous in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] { sigdelset(&signals, synchronous) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
