internal import CCurl
internal import Shared

/// One exchange on one easy handle. Lives on the engine's thread, except for the moment it is made from an order.
final class CurlTransfer {
    let easy: UnsafeMutableRawPointer
    let order: CurlOrder
    private let headers: CurlHeaderList
    /// libcurl reads the body where it stands, and again if it has to repeat the request on a fresh connection.
    private let body: UnsafeMutableRawBufferPointer
    private let resolve: UnsafeMutablePointer<curl_slist>?
    private var head = ResponseHead()
    private var answer: [UInt8] = []
    private var failure: HTTPFailure?

    init(_ order: CurlOrder, easy: UnsafeMutableRawPointer, settings: CurlSettings) throws(HTTPFailure) {
        headers = try CurlHeaderList(order.request)
        self.easy = easy
        self.order = order
        // Never empty: without an address libcurl would read the body from standard input.
        body = .allocate(byteCount: max(1, order.request.body.count), alignment: 1)
        body.copyBytes(from: order.request.body)
        // The name may not lead anywhere else, whatever /etc/hosts or a DNS server says.
        let pin = order.url.host == "localhost" ? "localhost:\(order.url.port):127.0.0.1,[::1]" : nil
        resolve = pin.flatMap { curl_slist_append(nil, $0) }
        guard (resolve == nil) == (pin == nil) else { throw .transport(code: Int(CURLE_OUT_OF_MEMORY.rawValue)) }
        try configure(settings)
    }

    deinit {
        body.deallocate()
        curl_slist_free_all(resolve)
    }

    /// The result, once libcurl is done. A reason noted by a callback is more precise than libcurl's code.
    func outcome(_ code: CURLcode) -> Result<HTTPResponse, HTTPFailure> {
        if let failure { return .failure(failure) }
        // A header line beyond libcurl's own 100 KB; newer versions have a code for it (100).
        if !head.isComplete, code == CURLE_OUT_OF_MEMORY || code.rawValue == 100 { return .failure(.headersTooLarge) }
        guard code == CURLE_OK else { return .failure(HTTPFailure(code)) }
        // A connection that ends amid the headers is a success for libcurl.
        guard head.isComplete else { return .failure(.connectionLost) }
        return .success(HTTPResponse(status: head.status, headers: head.fields, body: answer))
    }

    private func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        do throws(HTTPFailure) {
            try head.receive(line)
            guard !head.isComplete || head.contentLength ?? 0 <= order.request.maximumResponse else {
                throw .bodyTooLarge(limit: order.request.maximumResponse)
            }
            return true
        } catch {
            failure = error
            return false
        }
    }

    private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= order.request.maximumResponse - answer.count else {
            failure = .bodyTooLarge(limit: order.request.maximumResponse)
            return false
        }
        // A promised length is no reason to allocate it: room for the first bytes, then growth by what really came.
        if answer.isEmpty, let length = head.contentLength { answer.reserveCapacity(min(length, 256 << 10)) }
        answer.append(contentsOf: bytes)
        return true
    }

    // MARK: - Options

    private func configure(_ settings: CurlSettings) throws(HTTPFailure) {
        let request = order.request
        try set(CURLOPT_URL, order.url.text)
        try set(CURLOPT_PROTOCOLS_STR, order.url.scheme.rawValue)
        try set(CURLOPT_PATH_AS_IS, 1)
        try set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_PROXY, "")
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try set(CURLOPT_USERAGENT, settings.userAgent)
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_TCP_NODELAY, 1)
        // Otherwise the end of a transfer waits for its name server, and every other transfer waits with it (7.87).
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_TIMEOUT_MS, CurlTransfer.milliseconds(request.timeout))
        try set(CURLOPT_CONNECTTIMEOUT_MS, CurlTransfer.milliseconds(request.connectTimeout))
        try set(CURLOPT_BUFFERSIZE, 64 << 10)

        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        // libcurl keeps the parsed authorities (40 ms for a full bundle) only where no directory of them is named.
        if settings.hasAuthorityFile { try check(ccurl_set_string(easy, CURLOPT_CAPATH, nil)) }
        if let file = settings.authorities { try set(CURLOPT_CAINFO, file) }

        switch request.method {
        case .get:
            guard request.body.isEmpty else { throw .invalidRequest }
            try set(CURLOPT_HTTPGET, 1)
        case .post:
            try set(CURLOPT_POST, 1)
            try check(ccurl_set_off(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count)))
            try check(ccurl_set_pointer(easy, CURLOPT_POSTFIELDS, body.baseAddress))
            if body.count > 64 << 10 { try set(CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10) }
        }
        try check(ccurl_set_list(easy, CURLOPT_HTTPHEADER, headers.first))
        if let resolve { try check(ccurl_set_list(easy, CURLOPT_RESOLVE, resolve)) }

        let context = Unmanaged.passUnretained(self).toOpaque()
        try check(ccurl_set_pointer(easy, CURLOPT_PRIVATE, context))
        try check(ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context))
        try check(ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context))
        try check(
            ccurl_set_data_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                CurlTransfer.deliver(bytes, size * count, context) { $0.receiveHeader($1) }
            })
        try check(
            ccurl_set_data_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                CurlTransfer.deliver(bytes, size * count, context) { $0.receiveBody($1) }
            })
    }

    /// libcurl ends a transfer with CURLE_WRITE_ERROR when a callback takes another number of bytes than it got.
    private static func deliver(
        _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
        to receive: (CurlTransfer, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        guard let context else { return count + 1 }
        let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        return receive(transfer, UnsafeRawBufferPointer(start: bytes, count: count)) ? count : count + 1
    }

    private func set(_ option: CURLoption, _ value: Int) throws(HTTPFailure) {
        try check(ccurl_set_long(easy, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws(HTTPFailure) {
        try check(ccurl_set_string(easy, option, value))
    }

    private func check(_ code: CURLcode) throws(HTTPFailure) {
        guard code == CURLE_OK else { throw .transport(code: Int(code.rawValue)) }
    }

    /// For libcurl zero means "no limit"; a day is more than any exchange here may take.
    private static func milliseconds(_ limit: Duration) -> Int {
        let whole = min(max(limit, .zero), .seconds(86_400)).components
        return max(1, Int(whole.seconds) * 1000 + Int(whole.attoseconds / 1_000_000_000_000_000))
    }
}
