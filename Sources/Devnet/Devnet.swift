internal import Shared

/// A whole Blindference network on one loopback port: coordinator, content store and CoFHE.
///
/// It is a toy: prompts, answers and keys lie in ordinary memory, everything is forgotten at the end, and nobody but
/// this machine can reach it. What it is strict about is the protocol: each error of a node is refused and recorded.
package final class Devnet: Sendable {
    package struct Settings: Sendable {
        package var host = "127.0.0.1"
        package var port: UInt16 = 0
        /// Active operators that a job waits for before its quorum is drawn.
        package var nodes = 1
        package var rules = JobBook.Rules()
        /// Key of the mock quote's HMAC.
        package var mockKey = AttestationRoutes.defaultMockKey
        package var clock = DevClock()
        /// Where output keys are stored, if nodes of this network store them.
        package var chain: ChainReader?

        package init() {}
    }

    package let ledger = Ledger()
    package let coordinator: Coordinator
    package let vault = Vault()
    package let shelf = ContentShelf()
    package let clock: DevClock
    private let faults = FaultBook()
    private let routes: [Route]
    private let settings: Settings

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
        clock = settings.clock
        coordinator = Coordinator(rules: settings.rules, ledger: ledger, clock: clock)
        let native = settings.chain.map { [vault, ledger, clock, coordinator] chain in
            SealOutputRoutes(
                vault: vault, ledger: ledger, clock: clock, chain: chain, coordinator: coordinator, script: SealScript()
            ).all
                + InputRoutes(
                    vault: vault, ledger: ledger, clock: clock, chain: chain, secret: ToyCrypto.random(32)
                ).all
        }
        routes =
            AttestationRoutes(coordinator: coordinator, mockKey: settings.mockKey).all
            + JobRoutes(coordinator: coordinator).all
            + DeliveryRoutes(coordinator: coordinator, shelf: shelf, vault: vault, chain: settings.chain).all
            + StatusRoutes(coordinator: coordinator).all
            + (native ?? [])
            + ContentRoutes(shelf: shelf).all
            + PythonRoutes(vault: vault, ledger: ledger, clock: clock).all
            + ControlRoutes(
                coordinator: coordinator, vault: vault, shelf: shelf, faults: faults, ledger: ledger, clock: clock,
                nodes: settings.nodes, chain: settings.chain
            ).all
    }

    /// Starts listening. Refuses every address outside 127.0.0.0/8.
    package func serve() throws(SocketError) -> HTTPServer {
        try HTTPServer(host: settings.host, port: settings.port) { [self] in deliver($0) }
    }

    /// One call with the faults that tests scripted; controls themselves are never disturbed.
    func deliver(_ request: ServedRequest) -> Delivery {
        guard request.path.first != "dev", let fault = faults.take(for: request) else { return .reply(answer(request)) }
        return fault.delivery { answer(request) }
    }

    /// One call without a socket, as tests make it.
    package func answer(_ request: ServedRequest) -> Reply {
        let node = request.headers["x-node-address"]
        var route = "\(request.method) /" + request.path.joined(separator: "/")
        do {
            let (found, parameters) = try find(request)
            route = found.name
            if request.path.first != "dev" { ledger.count(route, by: node) }
            var caller = ""
            if request.path.first == "internal" {
                caller = try CallSignature.caller(of: request, now: clock.now)
            }
            if request.path.first != "dev" { noteContentType(request, route, node) }
            return try found.answer(Call(request: request, parameters: parameters, caller: caller, route: route))
        } catch let refusal as Refusal {
            if let violation = refusal.violation {
                ledger.record(
                    violation, at: clock.now, node: node, job: refusal.job, call: route, detail: refusal.detail)
            }
            return .json(["detail": .string(refusal.detail)], status: refusal.status)
        } catch { return .text("Internal Server Error", status: 500) }
    }

    private func find(_ request: ServedRequest) throws -> (Route, [String]) {
        var wrongMethod = false
        for route in routes {
            guard let parameters = route.match(request.path) else { continue }
            if route.method == request.method { return (route, parameters) }
            wrongMethod = true
        }
        if wrongMethod { throw Refusal(405, "Method Not Allowed", .unknownPath) }
        throw Refusal(404, "Not Found", request.path.first == "dev" ? nil : .unknownPath)
    }

    /// Objects alone are looked at: uploads have types of their own.
    private func noteContentType(_ request: ServedRequest, _ route: String, _ node: String?) {
        guard request.body.first == UInt8(ascii: "{"),
            request.headers["content-type"]?.hasPrefix("application/json") != true
        else { return }
        ledger.record(
            .contentTypeWrong, at: clock.now, node: node, call: route, detail: "content-type must be application/json"
        )
    }
}
