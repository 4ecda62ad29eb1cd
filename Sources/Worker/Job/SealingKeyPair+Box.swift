internal import CSodium
internal import Shared

extension SealingKeyPair {
    private static let tagBytes = 16
    private static let nonceBytes = 24

    /// `tag(16) ‖ ciphertext ‖ ephemeral public(32) ‖ nonce(24)`, then the network's signature r ‖ s ‖ v where the chain
    /// names a signer. The plaintext is a big-endian integer below 2¹²⁸ (cofhe.md 3).
    ///
    /// What is not signed for this handle is refused before anything is opened.
    func openBox(
        _ sealed: inout SecretBytes, _ seal: BoxSeal, _ handle: CiphertextHandle
    ) throws -> SecretBytes {
        let overhead = SealingKeyPair.tagBytes + SealingKeyPair.keyBytes + SealingKeyPair.nonceBytes
        let length = sealed.count - overhead - seal.signatureBytes
        guard (1...32).contains(length), handle.isKeyHalf else { throw JobFailure.sealedValueMalformed }
        guard sealed.withBytes({ seal.isSigned($0, for: handle) }) else { throw JobFailure.sealedValueForged }
        let publicAt = SealingKeyPair.tagBytes + length
        let key = try stretch(
            try sealed.withBytes {
                try agreement(
                    with: UnsafeRawBufferPointer(rebasing: $0[publicAt..<publicAt + SealingKeyPair.keyBytes]))
            })
        let opened = key.withBytes { key in
            sealed.withMutableBytes { bytes in
                guard let box = bytes.octets, let key = key.octets else { return false }
                let text = box + SealingKeyPair.tagBytes
                return crypto_secretbox_open_detached(
                    text, text, box, UInt64(length), box + publicAt + SealingKeyPair.keyBytes, key) == 0
            }
        }
        guard opened else { throw JobFailure.sealedValueUnreadable }
        let half = try sealed.withBytes {
            try SealingKeyPair.half(
                UnsafeRawBufferPointer(rebasing: $0[SealingKeyPair.tagBytes..<SealingKeyPair.tagBytes + length]))
        }
        sealed.wipe()
        return half
    }

    /// An agreement becomes a key as in NaCl: by HSalsa20, with nothing else in it.
    private func stretch(_ shared: borrowing SecretBytes) throws -> SecretBytes {
        var key = try SecretBytes(zeros: SealingKeyPair.keyBytes)
        let nothing = [UInt8](repeating: 0, count: 16)
        let made = shared.withBytes { shared in
            key.withMutableBytes { key in
                guard let key = key.octets, let shared = shared.octets else { return false }
                return crypto_core_hsalsa20(key, nothing, shared, nil) == 0
            }
        }
        guard made else { throw JobFailure.cryptographyFailed }
        return key
    }
}
