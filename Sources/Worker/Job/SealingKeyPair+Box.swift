internal import CSodium
internal import Shared

extension SealingKeyPair {
    private static let tagBytes = 16
    private static let nonceBytes = 24
    private static let signatureBytes = 65

    /// `tag(16) ‖ ciphertext ‖ ephemeral public(32) ‖ nonce(24)`, then the network's signature r ‖ s ‖ v where the chain
    /// names a signer. The plaintext is a big-endian integer below 2¹²⁸ (cofhe.md 3).
    ///
    /// The signature binds the box to the handle, the type and the chain: another half, or an answer of another day, is
    /// refused before anything is opened.
    func openBox(
        _ sealed: inout SecretBytes, _ seal: BoxSeal, _ handle: CiphertextHandle
    ) throws -> SecretBytes {
        let signed = seal.signer == nil ? 0 : SealingKeyPair.signatureBytes
        let overhead = SealingKeyPair.tagBytes + SealingKeyPair.keyBytes + SealingKeyPair.nonceBytes
        let length = sealed.count - overhead - signed
        guard (1...32).contains(length), handle.isKeyHalf else { throw JobFailure.sealedValueMalformed }
        if let signer = seal.signer { try sealed.withBytes { try check($0, signer, seal.chainID, handle) } }
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

    /// What is signed: everything before the signature, the type and the chain as big-endian integers of 4 and 8 bytes,
    /// and the handle (cofhe.md 1.6). All of it is ciphertext or public.
    private func check(
        _ sealed: UnsafeRawBufferPointer, _ signer: [UInt8], _ chainID: UInt64, _ handle: CiphertextHandle
    ) throws {
        let box = sealed.dropLast(SealingKeyPair.signatureBytes)
        let chain = (0..<8).map { UInt8(truncatingIfNeeded: chainID >> UInt64(56 - 8 * $0)) }
        let digest = Keccak256.hash(Array(box) + [0, 0, 0, CiphertextHandle.uint128] + chain + handle.bytes)
        guard SignerRecovery.account(of: Array(sealed.suffix(SealingKeyPair.signatureBytes)), digest: digest) == signer
        else { throw JobFailure.sealedValueForged }
    }

    /// An agreement becomes a key as in NaCl: by HSalsa20, with nothing else in it.
    private func stretch(_ shared: borrowing SecretBytes) throws -> SecretBytes {
        var key = try SecretBytes(capacity: SealingKeyPair.keyBytes)
        key.extend(to: SealingKeyPair.keyBytes)
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
