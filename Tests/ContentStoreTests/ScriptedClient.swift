import HTTPTransport
import Synchronization

/// An HTTP client whose answers are a function of the request. Remembers what it was asked, in order.
final class ScriptedClient: HTTPClient {
    typealias Script = @Sendable (HTTPRequest) async throws(HTTPFailure) -> HTTPResponse

    private let script: Script
    private let log = Mutex<[HTTPRequest]>([])
    private let cancelled = Mutex<[String]>([])
    private let (cancellations, cancellationFeed) = AsyncStream.makeStream(of: String.self)

    init(_ script: @escaping Script) { self.script = script }

    var requests: [HTTPRequest] { log.withLock { $0 } }
    var hosts: [String] { requests.map { ScriptedClient.host($0.url) } }

    func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        log.withLock { $0.append(request) }
        do throws(HTTPFailure) { return try await script(request) } catch {
            if error == .cancelled { cancellationFeed.yield(ScriptedClient.host(request.url)) }
            throw error
        }
    }

    /// Waits until a request was cancelled and names its host.
    func nextCancellation() async -> String? {
        for await host in cancellations { return host }
        return nil
    }

    static func host(_ url: String) -> String { String(url.split(separator: "/")[1]) }

    /// Never answers; ends with its task.
    static func hang() async throws(HTTPFailure) -> HTTPResponse {
        try? await Task.sleep(for: .seconds(3600))
        throw .cancelled
    }

    /// Never answers, and its task's end is nothing to it.
    static func hangForGood() async -> HTTPResponse {
        await withCheckedContinuation { continuation in leaked.withLock { $0.append(continuation) } }
    }

    private static let leaked = Mutex<[CheckedContinuation<HTTPResponse, Never>]>([])
}
