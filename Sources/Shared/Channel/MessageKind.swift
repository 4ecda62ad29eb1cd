/// The frames of the channel between the supervisor and one worker, in the order of a job.
package enum MessageKind: String, Sendable, CaseIterable {
    /// Worker: the sandbox is closed.
    case ready
    /// Supervisor: the job's order. Body: the model's API key, or nothing.
    case start
    /// Worker: the public half of a sealing pair made for this job.
    case sealingKey
    /// Supervisor: two sealed key halves and the encrypted prompt. Body: the three, one after the other.
    case material
    /// Worker: asks for a connection to an endpoint of the order.
    case connect
    /// Supervisor: the connected descriptor travels with this frame.
    case endpoint
    /// Worker: the answer's hash. Body (leader): the encrypted answer.
    case output
    /// Worker (leader): the handles under which a service stores the output key's halves; or as body what a helper made
    /// of them.
    case outputKey
    /// Supervisor: nothing more is needed. The worker wipes and exits.
    case done
    /// Worker: the job failed with a code.
    case failed

    package var isFromWorker: Bool {
        switch self {
        case .ready, .sealingKey, .connect, .output, .outputKey, .failed: true
        case .start, .material, .endpoint, .done: false
        }
    }

    package var carriesDescriptor: Bool { self == .endpoint }

    /// The longest body a peer may announce, in bytes; checked before memory is taken for it.
    package func maximumBody(_ limits: JobLimits) -> Int {
        switch self {
        case .start: JobLimits.credential
        case .material: 2 * JobLimits.sealedValue + limits.blob
        case .output: limits.encryptedAnswer
        case .outputKey: JobLimits.packedKey
        case .ready, .sealingKey, .connect, .endpoint, .done, .failed: 0
        }
    }
}

/// Sizes, in bytes, that hold for one worker's whole life. Both ends are started with the same ones.
package struct JobLimits: Sendable, Equatable {
    /// The longest prompt, as UTF-8.
    package let prompt: Int

    package static let answer = 1 << 20
    /// The longest HTTP answer of a model server: JSON escapes can multiply a text.
    package static let response = 2 << 20
    package static let credential = 8 << 10
    package static let sealedValue = 512
    /// A key that is encrypted and proven to be so: tens of KiB.
    package static let packedKey = 1 << 20
    /// What `iv ‖ tag ‖` adds in front of a ciphertext.
    package static let sealOverhead = 28
    /// What an order may name: an id of the coordinator's, and host and request target of a URL.
    package static let modelID = 256
    package static let host = 253
    package static let target = 4352
    package static let tokens = 1 << 20
    /// No exchange is longer than a job.
    package static let exchangeMilliseconds = 600_000

    package var blob: Int { prompt + JobLimits.sealOverhead }
    package var encryptedAnswer: Int { JobLimits.answer + JobLimits.sealOverhead }
    /// Room for everything secret that one job holds at the same time.
    package var arena: Int { blob + JobLimits.response + 3 * encryptedAnswer + (256 << 10) }

    package init(prompt: Int) { self.prompt = prompt }
}
