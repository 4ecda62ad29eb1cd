package import Shared

/// Why there is no worker, or no more.
package enum WorkerError: Error, Equatable, Sendable {
    /// The program could not be opened or started.
    case notStarted(errno: Int32)
    /// The file is not the program that this node was built with.
    case notTheMeasuredProgram
    /// This node was built without the measurement of its worker.
    case notMeasured
    /// It ended before it was ready; `status` is its exit status (`SandboxError`), or 128 + a signal.
    case notReady(status: Int32)
    /// It says it is ready, but the kernel does not agree on this wall.
    case notConfined(WorkerProof.Wall)
    /// `required_layers` names a layer that this machine does not give.
    case layerMissing(SandboxLayer)
    case channel(ChannelError)
    /// The worker ended the job with a code of its own.
    case failed(JobFailure)
    /// It ended in the middle of a job; 128 + the signal, or its exit status.
    case ended(status: Int32)

    package var jobFailure: JobFailure {
        switch self {
        case .notStarted, .notReady, .notTheMeasuredProgram, .notMeasured: .workerNotStarted
        case .notConfined, .layerMissing: .workerNotConfined
        case .channel(.timedOut): .workerTimedOut
        case .channel: .workerMisbehaved
        case .failed(let code): code
        case .ended: .workerCrashed
        }
    }
}
