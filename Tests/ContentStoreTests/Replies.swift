import HTTPTransport
import Shared
import Synchronization

/// Statuses and failures in the order in which requests get them. A status of success carries the body.
final class Replies: Sendable {
    private let list: Mutex<[Result<Int, HTTPFailure>]>

    init(_ replies: [Result<Int, HTTPFailure>]) { list = Mutex(replies) }

    func next(_ body: JSONValue) throws(HTTPFailure) -> HTTPResponse {
        let status = try list.withLock { $0.removeFirst() }.get()
        return HTTPResponse(status: status, body: status == 200 ? body.encoded() : [])
    }
}
