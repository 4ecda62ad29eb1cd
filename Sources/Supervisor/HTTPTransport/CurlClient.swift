internal import CCurl
internal import Glibc
internal import Shared
internal import Synchronization

/// What all exchanges of a client have in common.
struct CurlSettings: Sendable {
    let userAgent: String
    /// A PEM file instead of the system's; nil keeps the one libcurl was built with.
    let authorities: String?
    let hasAuthorityFile: Bool
}

/// The supervisor's HTTP client: HTTP/1.1 through libcurl, with kept connections, on one thread of its own.
///
/// Certificates are always verified. Redirects, cookies, proxies and credentials from the environment or from files do
/// not exist. Cancelling the calling task closes the connection and throws `cancelled`.
///
/// A request whose kept connection turns out to be closed is sent again on a fresh one if not one byte of an answer
/// had come. A server that acts and then hangs up in silence can therefore see a POST twice.
package final class CurlClient: HTTPClient {
    private let engine: CurlEngine
    private let lastID = Atomic<UInt64>(0)

    /// - Parameter certificateAuthorities: a PEM file of trusted roots. By default the file named by SSL_CERT_FILE, as
    ///   OpenSSL itself does it, else the system's.
    package init(certificateAuthorities: String? = nil, userAgent: String = "blindference-node/\(Version.text)")
        throws(HTTPFailure)
    {
        guard userAgent.utf8.allSatisfy(\.isVisibleOrSpace) else { throw .invalidRequest }
        let named = certificateAuthorities ?? getenv("SSL_CERT_FILE").map { String(cString: $0) }
        let authorities = named?.isEmpty == true ? nil : named
        let builtIn = curl_version_info(CURLVERSION_SEVENTH).pointee.cainfo != nil
        engine = try CurlEngine(
            CurlSettings(
                userAgent: userAgent, authorities: authorities, hasAuthorityFile: authorities != nil || builtIn))
    }

    deinit { engine.stop() }

    package func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        let url = try ServiceURL(request.url)
        guard request.timeout > .zero else { throw .timedOut }
        guard !Task.isCancelled else { throw .cancelled }
        let id = lastID.add(1, ordering: .relaxed).newValue
        let engine = engine
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                engine.submit(CurlOrder(id: id, url: url, request: request, continuation: continuation))
                // A cancellation that came before the order was in the inbox found nothing to cancel.
                if Task.isCancelled { engine.cancel(id) }
            }
        } onCancel: {
            engine.cancel(id)
        }
        return try outcome.get()
    }

    /// Ends what is under way with `cancelled` and waits for the thread. Later requests are `cancelled`, too.
    package func shutdown() { engine.stop() }
}
