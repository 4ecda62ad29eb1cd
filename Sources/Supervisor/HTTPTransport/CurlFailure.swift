internal import CCurl

extension HTTPFailure {
    /// What a libcurl code means for the caller.
    init(_ code: CURLcode) {
        switch code {
        case CURLE_URL_MALFORMAT: self = .invalidURL
        case CURLE_COULDNT_RESOLVE_HOST: self = .nameNotResolved
        case CURLE_COULDNT_CONNECT: self = .connectFailed
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR: self = .connectionLost
        case CURLE_OPERATION_TIMEDOUT: self = .timedOut
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER: self = .tlsFailed
        case CURLE_PEER_FAILED_VERIFICATION: self = .certificateRefused
        // The scheme was checked before, so an unsupported protocol is an answer that is no HTTP/1.
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP2:
            self = .malformedResponse
        case CURLE_ABORTED_BY_CALLBACK: self = .cancelled
        default: self = .transport(code: Int(code.rawValue))
        }
    }
}
