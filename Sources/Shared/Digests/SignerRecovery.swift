internal import CSecp256k1

/// Whose signature it is, on secp256k1. Shared by both ends: the supervisor asks for wallets, the worker for the network
/// that sealed its key.
package enum SignerRecovery {
    /// The public key that made the signature r ‖ s, 65 bytes uncompressed; nil where no point of the curve has this r.
    ///
    /// - Parameters:
    ///   - compact: 64 bytes.
    ///   - parity: 0 or 1.
    ///   - digest: 32 bytes.
    package static func publicKey(of compact: [UInt8], parity: Int32, digest: [UInt8]) -> [UInt8]? {
        precondition(compact.count == 64 && digest.count == 32)
        let verifier = csecp256k1_verifier()
        var signature = secp256k1_ecdsa_recoverable_signature()
        var key = secp256k1_pubkey()
        guard (0...1).contains(parity),
            secp256k1_ecdsa_recoverable_signature_parse_compact(verifier, &signature, compact, parity) == 1,
            secp256k1_ecdsa_recover(verifier, &key, &signature, digest) == 1
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: 65)
        var count = bytes.count
        secp256k1_ec_pubkey_serialize(verifier, &bytes, &count, &key, UInt32(SECP256K1_EC_UNCOMPRESSED))
        return bytes
    }

    /// The account that made the signature r ‖ s ‖ v, v being 0, 1, 27 or 28: 20 bytes. Any digest has one.
    package static func account(of signature: [UInt8], digest: [UInt8]) -> [UInt8]? {
        guard signature.count == 65 else { return nil }
        let parity = Int32(signature[64] >= 27 ? signature[64] - 27 : signature[64])
        guard let key = publicKey(of: Array(signature.prefix(64)), parity: parity, digest: digest) else { return nil }
        return Array(Keccak256.hash(Array(key.dropFirst())).suffix(20))
    }
}
