package import Shared

extension JobFailure {
    /// What the requester is charged when a job ends like this; nothing where the fault lies with somebody else.
    ///
    /// - Parameter isClaimed: the job got as far as its claim. Before that its worker has seen nothing of the
    ///   requester's, so that a worker which falls while it waits is nobody's doing.
    package func points(isClaimed: Bool) -> Double {
        switch self {
        // The worker runs our own program alone: what makes it fall (in two attempts) or speak out of turn came with
        // the prompt. It costs the node two processes and a claim.
        case .workerCrashed, .workerMisbehaved: isClaimed ? 2 : 0
        // A step of the channel that needs neither network nor model took 20 s: a prompt that keeps the worker busy.
        case .workerTimedOut: isClaimed ? 1 : 0
        // A worker that is kept busy to the end of the job shows as this, but so does an upload that hangs: half, for
        // the doubt.
        case .outOfTime: isClaimed ? 0.5 : 0
        // Beyond the limit that this node serves, whether seen at the blob or after decryption.
        case .blobTooLarge, .promptTooLarge: 1
        // The blob has the hash that the requester named, so these are the requester's own bytes: too short to be
        // encrypted, not under the key that was stored for them, or no text.
        case .promptMalformed, .promptUnreadable, .promptNotText: 1
        // The requester's ciphertext holds more than half a key, or none was stored at all.
        case .sealedValueMalformed, .handleZero: 1
        // Services that stumble: gateways lose blobs and serve wrong ones, the threshold network seals and refuses,
        // coordinators leave out handles, models are busy, slow or of another opinion.
        default: 0
        }
    }
}
