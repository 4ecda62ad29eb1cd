package import Shared

/// The network that holds key halves as ciphertexts: it seals them to a worker, and encrypts new ones.
package protocol ThresholdNetwork: Sendable {
    /// How this network seals, so that the worker knows how to open.
    var seal: JobOrder.Seal { get }

    /// Both halves of a prompt's key, sealed to `sealingKey` (a worker's X25519 public key, 32 bytes). The halves are
    /// asked for in parallel. Nobody but the owner of the sealing secret can open what comes back.
    func sealedKey(_ handles: KeyHandles, to sealingKey: [UInt8]) async throws(ThresholdError) -> SealedKey

    /// How a leader's worker has its output key encrypted for later decryption by the user.
    var encryption: EncryptionOrder { get }
}

/// The handles of a key's two halves: bytes 0-15 and 16-31, each as a big-endian integer.
package struct KeyHandles: Sendable, Equatable {
    package let high: CiphertextHandle
    package let low: CiphertextHandle

    package init(high: CiphertextHandle, low: CiphertextHandle) {
        self.high = high
        self.low = low
    }

    /// Zero is "no key stored", never a ciphertext.
    package var areSet: Bool { !high.isZero && !low.isZero }
}

package struct SealedKey: Sendable, Equatable {
    package let high: [UInt8]
    package let low: [UInt8]

    package init(high: [UInt8], low: [UInt8]) {
        self.high = high
        self.low = low
    }
}

package enum ThresholdError: Error, Equatable, Sendable {
    /// No answer within the budget.
    case unreachable
    /// The network will not decrypt this handle for this node.
    case refused
    /// An answer that makes no sense.
    case malformed
    case permitNotSigned
}
