/// Why a job ended without a result: the code in the journal, in the log and on the channel.
package enum JobFailure: String, Error, Sendable, CaseIterable {
    // The material
    case sealedValueMalformed = "sealed_value_malformed"
    case sealedValueUnreadable = "sealed_value_unreadable"
    /// Not signed by the network for this handle: another half, an old answer, or somebody else's.
    case sealedValueForged = "sealed_value_forged"
    case promptTooLarge = "prompt_too_large"
    case promptMalformed = "prompt_malformed"
    case promptUnreadable = "prompt_unreadable"
    case promptNotText = "prompt_not_text"
    // The model's server
    case modelUnreachable = "model_unreachable"
    case modelTimedOut = "model_timed_out"
    case modelClosedEarly = "model_closed_early"
    case modelCertificateRefused = "model_certificate_refused"
    case modelTLSFailed = "model_tls_failed"
    case modelResponseMalformed = "model_response_malformed"
    case modelResponseTooLarge = "model_response_too_large"
    case modelRedirected = "model_redirected"
    case modelUnauthorized = "model_unauthorized"
    case modelRateLimited = "model_rate_limited"
    case modelRefused = "model_refused"
    case modelServerFailed = "model_server_failed"
    // The encryption of the output key
    case encryptionUnreachable = "encryption_unreachable"
    case encryptionTimedOut = "encryption_timed_out"
    case encryptionFailed = "encryption_failed"
    // The worker itself
    case secretMemoryExhausted = "secret_memory_exhausted"
    case cryptographyFailed = "cryptography_failed"
    case workerCrashed = "worker_crashed"
    case workerTimedOut = "worker_timed_out"
    case workerMisbehaved = "worker_misbehaved"
    case workerNotConfined = "worker_not_confined"
    case workerNotStarted = "worker_not_started"
    // The network around the job
    case modelNotServed = "model_not_served"
    case handlesMissing = "handles_missing"
    case handleZero = "handle_zero"
    case decryptRefused = "decrypt_refused"
    case decryptUnreachable = "decrypt_unreachable"
    case decryptNotReady = "decrypt_not_ready"
    /// The chain does not let this node use the key's ciphertexts.
    case decryptDenied = "decrypt_denied"
    /// The chain has another key for the job than the coordinator says.
    case handleMismatch = "handle_mismatch"
    case handleUnsupported = "handle_unsupported"
    /// The CoFHE contracts of the chain are of no generation that this node knows.
    case cofheUnknown = "cofhe_unknown"
    case encryptionUnavailable = "encryption_unavailable"
    case blobNotFound = "blob_not_found"
    case blobMismatch = "blob_mismatch"
    case blobTooLarge = "blob_too_large"
    case blobUnreachable = "blob_unreachable"
    case claimRefused = "claim_refused"
    case coordinatorUnreachable = "coordinator_unreachable"
    case coordinatorMalformed = "coordinator_malformed"
    case uploadFailed = "upload_failed"
    case uploadUnavailable = "upload_unavailable"
    /// The output key did not get into the key store on chain, so its user could not read the answer.
    case outputKeyNotStored = "output_key_not_stored"
    /// The output key was paid for, but it is not in the store: another stands in its place, the transaction did nothing,
    /// or nobody can tell.
    case outputKeyNotReadBack = "output_key_not_read_back"
    /// Nobody is named who may read the output key.
    case requesterMissing = "requester_missing"
    case resultRefused = "result_refused"
    case leaderSilent = "leader_silent"
    case outOfTime = "out_of_time"
    /// Prompt and answer lay open in the worker for longer than `max_exposure_seconds`.
    case exposedTooLong = "exposed_too_long"
    case journalUnavailable = "journal_unavailable"
    case interrupted = "interrupted"

    /// Whether a worker may give this as its reason. It knows of its material, its model and itself; a worker that names
    /// anything else (that the node was interrupted, say) lies.
    package var isFromWorker: Bool {
        switch self {
        case .sealedValueMalformed, .sealedValueUnreadable, .sealedValueForged, .promptTooLarge, .promptMalformed,
            .promptUnreadable, .promptNotText, .modelUnreachable, .modelTimedOut, .modelClosedEarly,
            .modelCertificateRefused,
            .modelTLSFailed, .modelResponseMalformed, .modelResponseTooLarge, .modelRedirected, .modelUnauthorized,
            .modelRateLimited, .modelRefused, .modelServerFailed, .encryptionUnreachable, .encryptionTimedOut,
            .encryptionFailed, .secretMemoryExhausted, .cryptographyFailed, .workerMisbehaved:
            true
        default: false
        }
    }

    /// Whether the same job must not be begun again: its material itself is at fault, or its key has been paid for.
    package var isFinal: Bool {
        switch self {
        case .sealedValueMalformed, .promptTooLarge, .promptMalformed, .promptUnreadable, .promptNotText, .blobTooLarge,
            .handleZero, .outputKeyNotReadBack:
            true
        default: false
        }
    }
}
