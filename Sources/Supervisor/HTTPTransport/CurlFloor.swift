internal import CCurl

/// The transfers that are under way. Belongs to the engine's thread.
struct CurlFloor: ~Copyable {
    private let multi: UnsafeMutableRawPointer
    private let settings: CurlSettings
    private let keptHandles: Int
    private var transfers: [UInt64: CurlTransfer] = [:]
    /// Reset handles: they keep TLS sessions, which saves a round trip on the next connection.
    private var spare: [UnsafeMutableRawPointer] = []

    init(multi: UnsafeMutableRawPointer, settings: CurlSettings, keptHandles: Int) {
        self.multi = multi
        self.settings = settings
        self.keptHandles = keptHandles
    }

    mutating func begin(_ order: CurlOrder) {
        guard let easy = spare.popLast() ?? curl_easy_init() else {
            order.continuation.resume(returning: .failure(.transport(code: Int(CURLE_FAILED_INIT.rawValue))))
            return
        }
        do throws(HTTPFailure) {
            let transfer = try CurlTransfer(order, easy: easy, settings: settings)
            let code = curl_multi_add_handle(multi, easy)
            guard code == CURLM_OK else { throw .transport(code: Int(code.rawValue)) }
            transfers[order.id] = transfer
        } catch {
            curl_easy_cleanup(easy)
            order.continuation.resume(returning: .failure(error))
        }
    }

    /// Takes the transfer off the multi handle; an unfinished one loses its connection.
    mutating func end(_ id: UInt64, _ outcome: Result<HTTPResponse, HTTPFailure>) {
        // libcurl 7.88 answers the next order of a handle whose host was not found with code 43, whatever it is.
        let isReusable = (try? outcome.get()) != nil
        retire(id, isReusable: isReusable)?.resume(returning: outcome)
    }

    /// The caller goes on only when the transfer, with its headers and its hold on a credential, is gone.
    private mutating func retire(_ id: UInt64, isReusable: Bool) -> CurlOrder.Continuation? {
        guard let transfer = transfers.removeValue(forKey: id) else { return nil }
        curl_multi_remove_handle(multi, transfer.easy)
        // Forgets every pointer into the transfer.
        curl_easy_reset(transfer.easy)
        if isReusable, spare.count < keptHandles {
            spare.append(transfer.easy)
        } else {
            curl_easy_cleanup(transfer.easy)
        }
        return transfer.order.continuation
    }

    /// Moves everything that can move and ends what is done: all of it, should the multi handle itself fail.
    mutating func step() {
        var running: Int32 = 0
        let code = curl_multi_perform(multi, &running)
        guard code == CURLM_OK else {
            for id in Array(transfers.keys) { end(id, .failure(.transport(code: Int(code.rawValue)))) }
            return
        }
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            if let (id, outcome) = CurlFloor.outcome(of: easy, message.pointee.data.result) { end(id, outcome) }
        }
    }

    mutating func close() {
        for id in Array(transfers.keys) { end(id, .failure(.cancelled)) }
        for easy in spare { curl_easy_cleanup(easy) }
        spare = []
    }

    private static func outcome(
        of easy: UnsafeMutableRawPointer, _ code: CURLcode
    ) -> (id: UInt64, Result<HTTPResponse, HTTPFailure>)? {
        var context: UnsafeMutableRawPointer?
        guard ccurl_get_pointer(easy, CURLINFO_PRIVATE, &context) == CURLE_OK, let context else { return nil }
        let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        return (transfer.order.id, transfer.outcome(code))
    }
}
