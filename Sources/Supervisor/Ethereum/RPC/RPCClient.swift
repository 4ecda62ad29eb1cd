package import HTTPTransport
internal import Shared

/// Speaks JSON-RPC with one chain, through endpoints that stand in order of preference.
///
/// An endpoint is asked for its chain id before anything else, and again after each failure; one that speaks for another
/// chain is not used. One that failed rests for a while, as long as there is another. Reads are tried again, with full
/// jitter; a transaction goes once to each endpoint until one answers, always as the same bytes.
package actor RPCClient {
    private struct State {
        var isChecked = false
        var restsUntil = Duration.zero
    }

    package nonisolated let chainID: UInt64
    private let endpoints: [ServiceURL]
    private var states: [State]
    private var lastID = 0
    private let client: any HTTPClient
    private let retries: RetryPolicy
    private let timeout: Duration
    private let surroundings: Surroundings

    private static let rest = Duration.seconds(30)
    /// The endpoint's own word, whatever comes with it: no such key, no such plan, too many requests.
    private static let refusing: Set = [401, 402, 403, 404, 429]
    /// Code of the largest contract is 48 KiB of digits; a block header less.
    private static let maximumAnswer = 1 << 20

    /// Reads, within the patience of somebody who waits at a terminal.
    package static let patience = RetryPolicy(
        attempts: 4, firstDelay: .milliseconds(200), longestDelay: .seconds(2), budget: .seconds(30))

    /// - Parameters:
    ///   - endpoints: at least one.
    ///   - chainID: the one chain that is spoken with; comes from the operator, never from an endpoint.
    ///   - timeout: for one exchange with one endpoint.
    package init(
        endpoints: [ServiceURL], chainID: UInt64, client: any HTTPClient, retries: RetryPolicy = patience,
        timeout: Duration = .seconds(10), surroundings: Surroundings = .system
    ) {
        precondition(!endpoints.isEmpty)
        self.endpoints = endpoints
        self.chainID = chainID
        self.client = client
        self.retries = retries
        self.timeout = timeout
        self.surroundings = surroundings
        states = endpoints.map { _ in State() }
    }

    /// Asks a question that may be asked again.
    ///
    /// - Parameter decode: nil for an answer that makes no sense; another endpoint may give a better one.
    func read<Answer: Sendable>(
        _ method: String, _ params: [JSONValue] = [], _ decode: @Sendable (JSONValue) -> Answer?
    ) async throws(RPCError) -> Answer {
        let start = surroundings.elapsed()
        for attempt in 1... {
            let failure: RPCError
            do throws(RPCError) { return try await once(method, params, decode) } catch { failure = error }
            let delay = retries.delay(afterAttempt: attempt, random: surroundings.random())
            guard failure.mayPass, attempt < retries.attempts,
                surroundings.elapsed() - start + delay < retries.budget
            else { throw failure }
            do { try await surroundings.sleep(delay) } catch { throw .cancelled }
        }
        throw .cancelled
    }

    /// Sends signed bytes. Throws `unreachable`, `status` or `malformed` where the chain may have them all the same, also
    /// where another endpoint refuses them then.
    package func send(_ transaction: SignedTransaction) async throws(RPCError) {
        try await once("eth_sendRawTransaction", [.bytes(transaction.raw)], mayAct: true) { $0.hash == nil ? nil : () }
    }

    /// Asks the endpoints for their chain anew, as is done before each signature.
    package func confirmChain() async throws(RPCError) {
        for index in states.indices { states[index].isChecked = false }
        _ = try await read("eth_chainId") { $0.smallQuantity }
    }

    // MARK: - Endpoints

    /// One round through the endpoints, those that rest at the end. The first answer counts.
    private func once<Answer: Sendable>(
        _ method: String, _ params: [JSONValue], mayAct: Bool = false, _ decode: @Sendable (JSONValue) -> Answer?
    ) async throws(RPCError) -> Answer {
        let now = surroundings.elapsed()
        let order =
            endpoints.indices.filter { states[$0].restsUntil <= now }
            + endpoints.indices.filter { states[$0].restsUntil > now }
        var failure = RPCError.cancelled
        var silence: RPCError?
        for index in order {
            do throws(RPCError) {
                if !states[index].isChecked { try await check(index) }
                return try await exchange(method, params, with: index, decode)
            } catch {
                if error == .cancelled { throw error }
                failure = error
                switch error {
                // One that does not say its chain has not been asked.
                case .refused where !error.mayPass && !states[index].isChecked, .wrongChain: break
                // Whoever was asked before and did not answer may have acted.
                case .refused where !error.mayPass: throw mayAct ? silence ?? error : error
                default: silence = error
                }
                states[index] = State(restsUntil: surroundings.elapsed() + RPCClient.rest)
            }
        }
        throw failure
    }

    private func check(_ index: Int) async throws(RPCError) {
        let found = try await exchange("eth_chainId", [], with: index) { $0.smallQuantity }
        guard found == chainID else {
            throw .wrongChain(host: endpoints[index].host, expected: chainID, found: found)
        }
        states[index].isChecked = true
    }

    private func exchange<Answer: Sendable>(
        _ method: String, _ params: [JSONValue], with index: Int, _ decode: (JSONValue) -> Answer?
    ) async throws(RPCError) -> Answer {
        lastID += 1
        let id = lastID
        let endpoint = endpoints[index]
        var request = HTTPRequest(.post, endpoint)
        request.headers = [("Content-Type", "application/json")]
        request.timeout = timeout
        request.maximumResponse = RPCClient.maximumAnswer
        request.body = JSONValue.object([
            .init("jsonrpc", "2.0"), .init("id", .integer(id)), .init("method", .string(method)),
            .init("params", .array(params)),
        ]).encoded()
        let response: HTTPResponse
        do throws(HTTPFailure) { response = try await client.send(request) } catch {
            throw error == .cancelled ? .cancelled : .unreachable(host: endpoint.host, error)
        }
        // Some providers answer an error of the chain with a status of 400 and up; most with 200.
        guard let answer = try? JSONValue(parsing: response.body, limit: RPCClient.maximumAnswer),
            answer["id"]?.int == id
        else {
            throw response.status == 200
                ? .malformed(host: endpoint.host) : .status(host: endpoint.host, response.status)
        }
        guard !RPCClient.refusing.contains(response.status), response.status < 500 else {
            throw .status(host: endpoint.host, response.status)
        }
        if let error = answer["error"], error != .null {
            guard let code = error["code"]?.int else { throw .malformed(host: endpoint.host) }
            // Some put the text "Reverted 0x…" where the data should be.
            let data = error["data"]?.text ?? error["data"]?["data"]?.text
            throw .refused(
                code: code, message: endpoint.concealing(error["message"]?.text ?? "").plain(),
                data: data.flatMap { Hexadecimal.decode($0.hasPrefix("Reverted ") ? String($0.dropFirst(9)) : $0) })
        }
        guard let result = answer["result"].flatMap(decode) else { throw .malformed(host: endpoint.host) }
        return result
    }
}

extension RPCError {
    /// -32005 is the limit of requests, -32603 an endpoint's own failure.
    private static let passing: Set = [-32005, -32603]

    /// Whether the same question may be answered a little later, or by another endpoint.
    var mayPass: Bool {
        switch self {
        case .unreachable, .status, .malformed, .wrongChain: true
        case .refused(let code, _, _): RPCError.passing.contains(code)
        case .cancelled: false
        }
    }

    /// Why a contract refused the call; nil for an error that is none of a contract. Endpoints agree neither on the code
    /// nor on whether data come along.
    package var revert: Revert? {
        guard case .refused(let code, let message, let data) = self else { return nil }
        if let data, !data.isEmpty { return Revert(data) }
        return code == 3 || message.lowercased().contains("revert") ? .silent : nil
    }
}
