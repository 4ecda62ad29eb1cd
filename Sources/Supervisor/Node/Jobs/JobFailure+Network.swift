internal import CoFHE
internal import ContentStore
internal import Coordination
internal import Shared

extension JobFailure {
    init(content error: ContentError) {
        self =
            switch error {
            case .mismatch: .blobMismatch
            case .tooLarge: .blobTooLarge
            case .notFound: .blobNotFound
            case .cancelled: .interrupted
            default: .blobUnreachable
            }
    }

    init(threshold error: ThresholdError) {
        self =
            switch error {
            case .unreachable: .decryptUnreachable
            case .notReady: .decryptNotReady
            case .denied: .decryptDenied
            case .refused, .malformed, .permitNotSigned, .clockBehind: .decryptRefused
            case .forged: .sealedValueForged
            case .unknownDeployment: .cofheUnknown
            case .handleUnsupported: .handleUnsupported
            case .handleMismatch: .handleMismatch
            case .keysChanged, .keysNotKept: .encryptionUnavailable
            }
    }

    init(claim error: CoordinatorError) {
        self =
            switch error {
            case .transport, .rateLimited, .serverError: .coordinatorUnreachable
            case .malformedAnswer: .coordinatorMalformed
            case .cancelled: .interrupted
            default: .claimRefused
            }
    }
}

extension JobFailure {
    /// How often a claimed job is tried at most, when it ends like this: services come back within moments, a worker
    /// may have died of somebody else's signal, and everything else would end the same way again.
    var attempts: Int {
        switch self {
        case .modelUnreachable, .modelTimedOut, .modelClosedEarly, .modelRateLimited, .modelServerFailed,
            .encryptionUnreachable, .encryptionTimedOut, .decryptUnreachable, .decryptNotReady, .blobUnreachable,
            .blobNotFound,
            .blobMismatch, .outputKeyNotStored:
            3
        case .workerCrashed, .workerTimedOut, .workerNotStarted: 2
        default: 1
        }
    }
}

extension CoordinatorError {
    /// Whether the same request may succeed later.
    var isTransient: Bool {
        switch self {
        case .transport, .rateLimited, .serverError, .unauthorized, .forgotten, .unexpectedStatus, .malformedAnswer:
            true
        case .notSigned, .forbidden, .unknownJob, .notQuorumMember, .notATextJob, .contradicted, .malformedRequest,
            .cancelled:
            false
        }
    }
}
