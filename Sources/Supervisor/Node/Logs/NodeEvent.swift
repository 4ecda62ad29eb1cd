package import Logging

/// Everything the node logs: one static word an event, with typed fields beside it. Never text of a prompt, an answer, a
/// key or a peer.
package enum NodeEvent: String, Sendable, CaseIterable {
    case nodeStarted = "node_started"
    case nodeStopping = "node_stopping"
    case nodeStopped = "node_stopped"
    case configurationNote = "configuration_note"
    case layerMissing = "layer_missing"
    case attested
    case attestationFailed = "attestation_failed"
    /// The coordinator is asked again after a pause.
    case attestationAwaited = "attestation_awaited"
    case clockSkewed = "clock_skewed"
    case heartbeatSent = "heartbeat_sent"
    case heartbeatFailed = "heartbeat_failed"
    case assignmentsReceived = "assignments_received"
    case assignmentsFailed = "assignments_failed"
    case assignmentRefused = "assignment_refused"
    case jobSkipped = "job_skipped"
    /// Left for later: its requester is slowed.
    case jobDelayed = "job_delayed"
    case jobStarted = "job_started"
    case jobClaimed = "job_claimed"
    case promptDownloaded = "prompt_downloaded"
    case keySealed = "key_sealed_to_worker"
    case decryptFailed = "decrypt_failed"
    case inferenceStarted = "inference_started"
    case inferenceCompleted = "inference_completed"
    case outputUploaded = "output_uploaded"
    case outputKeyEncrypted = "output_key_encrypted"
    /// The network has other keys than the pinned ones, or a key that was made up did not get all the way: the node does
    /// not lead.
    case encryptionNotReady = "encryption_not_ready"
    case encryptionFailed = "encryption_failed"
    case outputKeyStored = "output_key_stored"
    case outputKeyNotStored = "output_key_not_stored"
    case resultSent = "result_sent"
    case verdictMatch = "verdict_match"
    case verdictNoMatch = "verdict_no_match"
    case leaderAwaited = "leader_awaited"
    case resultResent = "result_resent"
    /// A claimed job failed in a way that may pass, and is tried again in a fresh worker.
    case jobRetried = "job_retried"
    case jobFailed = "job_failed"
    case chainHeartbeatSent = "chain_heartbeat_sent"
    case commitmentSealed = "commitment_sealed"
    case commitmentOpened = "commitment_opened"
    /// A deadline was over, or another commitment of this wallet stands there.
    case commitmentMissed = "commitment_missed"
    case chainLookFailed = "chain_look_failed"
    case chainUnregistered = "chain_unregistered"
    /// The registry's copy of the attestation is over; only the coordinator can renew it.
    case registrationExpired = "registration_expired"
    /// The registry counts no heartbeat for longer than its second.
    case heartbeatGraceMissing = "heartbeat_grace_missing"
    /// No new jobs are taken, and why.
    case claimsHeld = "claims_held"
    case claimsReleased = "claims_released"

    package var level: Logger.Level {
        switch self {
        case .heartbeatSent, .promptDownloaded, .keySealed, .inferenceStarted, .outputKeyEncrypted,
            .leaderAwaited:
            .debug
        case .layerMissing, .configurationNote, .clockSkewed, .heartbeatFailed, .assignmentsFailed, .assignmentRefused,
            .decryptFailed, .encryptionFailed, .encryptionNotReady, .outputKeyNotStored, .verdictNoMatch, .jobRetried,
            .chainLookFailed, .commitmentMissed,
            .registrationExpired,
            .heartbeatGraceMissing, .claimsHeld:
            .warning
        case .attestationFailed, .jobFailed: .error
        default: .info
        }
    }
}

extension Logger {
    package func event(_ event: NodeEvent, _ fields: Logger.Metadata = [:]) {
        log(level: event.level, "\(event.rawValue)", metadata: fields)
    }
}
