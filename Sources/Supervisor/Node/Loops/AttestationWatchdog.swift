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
    private let journal: Journal
    private let log: Logger
    private var certificate: Certificate?
    private var lastAttempt: ContinuousClock.Instant?

    static let interval = Duration.seconds(600)
    /// Renewed when less is left, in seconds.
    static let margin = 6 * 3600
    /// A coordinator that keeps refusing the node is not asked more often.
    private static let pause = Duration.seconds(60)

    package init(
        coordinator: CoordinatorClient, backend: any AttestationBackend, models: [String], journal: Journal, log: Logger
    ) {
        self.coordinator = coordinator
        self.backend = backend
        self.models = models
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

    /// Attests now, whatever the journal says.
    package func attest() async throws -> Certificate {
        lastAttempt = .now
        do {
            guard let kind = AttestationSubmission.Backend(rawValue: backend.type) else {
                throw AttestationError.deviceUnavailable
            }
            let challenge = try await coordinator.challenge()
            let quote = try await backend.quote(nonce: challenge.nonce)
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
            log.event(.attestationFailed, ["reason": .string("\(error)")])
            throw error
        }
    }

    /// The coordinator said that it does not know the node.
    func forgotten() async {
        if let lastAttempt, ContinuousClock.now - lastAttempt < AttestationWatchdog.pause { return }
        _ = try? await attest()
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

/// `AttestationWatchdog.check` every 10 minutes.
struct AttestationLoop: Service {
    let watchdog: AttestationWatchdog

    func run() async throws {
        let pulse = Pulse()
        await withGracefulShutdownHandler {
            while !Task.isCancelled && !Task.isShuttingDownGracefully {
                await pulse.wait(AttestationWatchdog.interval)
                if !Task.isShuttingDownGracefully { await watchdog.check() }
            }
        } onGracefulShutdown: {
            pulse.knock()
        }
    }
}
