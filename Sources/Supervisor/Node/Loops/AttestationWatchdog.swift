package import Attestation
package import Coordination
internal import Glibc
package import Logging
internal import ServiceLifecycle
internal import Shared

/// Holds the node's certificate: taken over from the journal at start, renewed in time, taken anew when the coordinator
/// has forgotten the node. Each attestation resets the node's statistics there, so none is made for fun.
package actor AttestationWatchdog {
    private let coordinator: CoordinatorClient
    private let backend: any AttestationBackend
    private let models: [String]
    private let manifest: SandboxManifest
    private let journal: Journal
    private let log: Logger
    private var certificate: Certificate?
    private var lastAttempt: ContinuousClock.Instant?
    /// Refusals by the coordinator since it last knew the node.
    private var refusals = 0
    private var clockNamed: ContinuousClock.Instant?

    static let interval = Duration.seconds(600)
    /// Renewed when less is left, in seconds.
    static let margin = 6 * 3600
    /// Between two attestations that did not help, at most.
    private static let longestPause = Duration.seconds(600)
    /// Between two attempts at the start, at most.
    private static let longestStartPause = Duration.seconds(60)
    /// In seconds. Signatures are good for about 300; from here on the clock is the likelier reason for a refusal.
    static let toleratedSkew = 120

    package init(
        coordinator: CoordinatorClient, backend: any AttestationBackend, models: [String], manifest: SandboxManifest,
        journal: Journal, log: Logger
    ) {
        self.coordinator = coordinator
        self.backend = backend
        self.models = models
        self.manifest = manifest
        self.journal = journal
        self.log = log
    }

    /// A certificate that the coordinator still honours: the journal's, or a new one.
    package func ensure() async throws -> Certificate {
        if certificate == nil { certificate = try await Certificate.load(from: journal) }
        if let certificate, certificate.isGood(models: models, now: Int(time(nil))), await isKnown() {
            return certificate
        }
        return try await attest()
    }

    /// A certificate, however long it takes: a coordinator that is away when the node starts comes back one day, and a
    /// node that gave up would need a person. False when told to stop before.
    func persist() async -> Bool {
        var pause = Duration.seconds(1)
        while !Task.isCancelled {
            if (try? await ensure()) != nil { return true }
            if Task.isCancelled { break }
            let wait = pause * Double.random(in: 0.5...1)
            log.event(.attestationAwaited, ["milliseconds": .stringConvertible(wait.milliseconds)])
            guard (try? await Task.sleep(for: wait)) != nil else { break }
            pause = min(pause * 2, AttestationWatchdog.longestStartPause)
        }
        return false
    }

    /// Attests now, whatever the journal says.
    package func attest() async throws -> Certificate {
        lastAttempt = .now
        do {
            guard let kind = AttestationSubmission.Backend(rawValue: backend.type) else {
                throw AttestationError.deviceUnavailable
            }
            let challenge = try await coordinator.challenge()
            let quote = try await backend.quote(nonce: challenge.nonce, manifest: manifest.digest)
            let answer = try await coordinator.attest(
                AttestationSubmission(
                    backend: kind, quote: quote, runtimeHash: backend.runtimeHash, challengeID: challenge.id,
                    supportedModels: models))
            let certificate = Certificate(
                hash: "0x" + Hexadecimal.encode(answer.hash), expiry: answer.expiry, tier: answer.tier,
                backend: backend.type, models: models)
            try await certificate.store(in: journal)
            self.certificate = certificate
            log.event(
                .attested,
                [
                    "backend": .string(backend.type), "tier": .stringConvertible(answer.tier),
                    "expiry": .stringConvertible(answer.expiry),
                ])
            return certificate
        } catch {
            if !Task.isCancelled {
                log.event(.attestationFailed, ["reason": .string("\(error)")])
                nameClock(error)
            }
            throw error
        }
    }

    /// The coordinator refused a call as from a node it does not know. The first time that is cured at once; where it
    /// does not help, each further attempt waits twice as long. A wrong clock looks the same, and no attestation cures
    /// it.
    func refused(_ error: CoordinatorError) async {
        if nameClock(error) { return }
        let pause = refusals == 0 ? .zero : min(.seconds(5 << min(refusals, 10)), AttestationWatchdog.longestPause)
        if let lastAttempt, ContinuousClock.now - lastAttempt < pause { return }
        refusals += 1
        _ = try? await attest()
    }

    /// The coordinator took a call of this node.
    func recognised() { refusals = 0 }

    /// Whether the difference of the clocks explains a refusal. Says so, at most once a minute.
    @discardableResult
    private func nameClock(_ error: any Error) -> Bool {
        guard case .unauthorized(let ahead?)? = error as? CoordinatorError,
            abs(ahead) > AttestationWatchdog.toleratedSkew
        else { return false }
        if let clockNamed, ContinuousClock.now - clockNamed < .seconds(60) { return true }
        clockNamed = .now
        log.event(.clockSkewed, ["coordinatorAheadSeconds": .stringConvertible(ahead)])
        return true
    }

    /// Looks after the certificate once.
    func check() async { _ = try? await ensure() }

    /// Unknown nodes get empty lists and friendly words; only the directory tells (icl.md 1.11). No directory, no news.
    private func isKnown() async -> Bool {
        do throws(CoordinatorError) {
            return try await coordinator.directoryEntry()?.isActive ?? false
        } catch { return true }
    }
}
