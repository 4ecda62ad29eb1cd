package import HTTPTransport

/// Why the chain could not be asked, or what it refused. Names hosts only: paths and queries of RPC addresses carry API
/// keys.
package enum RPCError: Error, Equatable, Sendable {
    /// No endpoint could be reached; what the last one did.
    case unreachable(host: String, HTTPFailure)
    /// An HTTP status that is no answer: 429, 503 and the like.
    case status(host: String, Int)
    /// No JSON-RPC, or an answer without a member that must be there.
    case malformed(host: String)
    /// The endpoint speaks for another chain. Nothing is signed for it.
    case wrongChain(host: String, expected: UInt64, found: UInt64)
    /// An error of the chain itself. `data` is what a contract answered when it reverted, as far as the endpoint says.
    case refused(code: Int, message: String, data: [UInt8]?)
    case cancelled
}
