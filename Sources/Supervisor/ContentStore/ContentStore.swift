package import HTTPTransport

/// Fetches prompts from IPFS gateways and stores outputs. What leaves `download` has the hash that was asked for.
package final class ContentStore: Sendable {
    private let gateways: [Gateway]
    private let uploader: (any ContentUploader)?
    private let client: any HTTPClient
    private let limits: ContentLimits
    private let clock: ContentClock
    private let health: GatewayHealth
    private let report: @Sendable (GatewayReport) -> Void

    /// - Parameters:
    ///   - gateways: checked service URLs in the order they are asked in, each with or without `/ipfs` at its end.
    ///   - uploader: nil where nothing can be stored, so that the node cannot lead.
    ///   - report: called, from any thread, with what became of each gateway.
    package init(
        gateways: [String], uploader: (any ContentUploader)?, client: any HTTPClient,
        limits: ContentLimits = ContentLimits(), clock: ContentClock = .system,
        report: @escaping @Sendable (GatewayReport) -> Void = { _ in }
    ) throws(ContentError) {
        var parsed: [Gateway] = []
        for (index, address) in gateways.enumerated() {
            guard let gateway = Gateway(address) else { throw .invalidServiceURL(index: index) }
            parsed.append(gateway)
        }
        self.gateways = parsed
        self.uploader = uploader
        self.client = client
        self.limits = limits
        self.clock = clock
        self.report = report
        health = GatewayHealth(
            count: parsed.count, penalty: limits.penalty, maximumPenalty: limits.maximumPenalty)
    }

    package var canUpload: Bool { uploader != nil }

    /// Stores the bytes and returns the identifier under which they are found, checked against the bytes.
    package func upload(_ bytes: [UInt8]) async throws(ContentError) -> CID {
        guard let uploader else { throw .noUploader }
        return try await uploader.upload(bytes)
    }

    /// The file of this identifier, verified, of at most `maximumBytes`.
    ///
    /// Ends within `deadline` even if the HTTP client ignores cancellation: no task it starts is waited for.
    package func download(
        _ cid: CID, maximumBytes: Int, deadline: Duration = .seconds(30)
    ) async throws(ContentError) -> [UInt8] {
        guard !gateways.isEmpty else { throw .noGateways }
        let verifier = ContentVerifier(limits: VerificationLimits(maximumBytes: max(0, maximumBytes)))
        var race = GatewayRace(order: health.order(now: clock.now()), limit: verifier.limits.maximumBytes)
        let end = clock.now() + deadline
        let (events, feed) = AsyncStream.makeStream(of: GatewayRace.Event.self)
        var tasks = [timer(deadline, .deadline, feed)]
        defer {
            for task in tasks { task.cancel() }
            // What losers still deliver is dropped at once.
            feed.finish()
        }
        var incoming = events.makeAsyncIterator()
        var action = race.begin()
        while true {
            switch action {
            case .start(let gateway):
                let timeout = min(limits.gatewayTimeout, end - clock.now())
                tasks.append(fetch(gateway, cid, verifier, timeout, feed))
                tasks.append(timer(limits.hedgeAfter, .hedge(after: gateway), feed))
            case .wait: break
            case .finish(let file):
                for gateway in race.overdue { note(gateway, .overtaken) }
                return file
            case .fail(let error):
                for gateway in race.running { note(gateway, .failed(.timedOut)) }
                throw error
            }
            // The stream ends only with the task that reads it.
            guard let event = await incoming.next() else { throw .cancelled }
            switch event {
            case .delivered(let gateway, let file): note(gateway, .delivered(bytes: file.count))
            case .failed(let gateway, let failure): note(gateway, .failed(failure))
            case .hedge, .deadline: break
            }
            action = race.handle(event)
        }
    }

    private func fetch(
        _ index: Int, _ cid: CID, _ verifier: ContentVerifier, _ timeout: Duration,
        _ feed: AsyncStream<GatewayRace.Event>.Continuation
    ) -> Task<Void, Never> {
        let fetch = GatewayFetch(
            gateway: gateways[index], cid: cid, verifier: verifier, client: client, clock: clock, timeout: timeout,
            connectTimeout: limits.connectTimeout)
        return Task {
            do throws(GatewayFailure) { feed.yield(.delivered(index, try await fetch.run())) } catch {
                feed.yield(.failed(index, error))
            }
        }
    }

    private func timer(
        _ length: Duration, _ event: GatewayRace.Event, _ feed: AsyncStream<GatewayRace.Event>.Continuation
    ) -> Task<Void, Never> {
        Task {
            guard (try? await clock.sleep(length)) != nil else { return }
            feed.yield(event)
        }
    }

    private func note(_ gateway: Int, _ outcome: GatewayReport.Outcome) {
        switch outcome {
        case .delivered: health.succeeded(gateway)
        case .failed(let failure): if failure.isGatewaysFault { health.failed(gateway, now: clock.now()) }
        case .overtaken: health.failed(gateway, now: clock.now())
        }
        report(GatewayReport(gateway: gateway, outcome: outcome))
    }
}
