internal import CSecp256k1
internal import CSystem
internal import Shared

/// The arithmetic of the curve, by libsecp256k1. Digests and secrets are 32 bytes, which the callers guarantee.
enum Secp256k1 {
    // The library lets any number of threads read one context; this one is randomised before the first of them sees it.
    private nonisolated(unsafe) static let context: OpaquePointer = {
        let context: OpaquePointer = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE))
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { seed in
            csystem_random(seed.baseAddress, seed.count)
            precondition(secp256k1_context_randomize(context, seed.baseAddress) == 1)
            csystem_wipe(seed.baseAddress, seed.count)
        }
        return context
    }()

    /// The public key, 65 bytes uncompressed; nil for a secret that is zero or not below the order of the curve.
    static func publicKey(of secret: borrowing SecretBytes) -> [UInt8]? {
        var key = secp256k1_pubkey()
        guard secret.withPointer({ secp256k1_ec_pubkey_create(context, &key, $0) }) == 1 else { return nil }
        return serialise(&key)
    }

    /// A signature with the nonce of RFC 6979 and s in the lower half: r ‖ s, and the parity of the nonce point.
    static func sign(_ digest: [UInt8], with secret: borrowing SecretBytes) -> (compact: [UInt8], parity: Int32) {
        var signature = secp256k1_ecdsa_recoverable_signature()
        let signed = secret.withPointer {
            secp256k1_ecdsa_sign_recoverable(context, &signature, digest, $0, nil, nil)
        }
        // Only a bad secret or nonce function could fail, and the secret was checked when its `PrivateKey` was made.
        precondition(signed == 1)
        var compact = [UInt8](repeating: 0, count: 64)
        var parity: Int32 = 0
        secp256k1_ecdsa_recoverable_signature_serialize_compact(context, &compact, &parity, &signature)
        return (compact, parity)
    }

    /// Whether r and s are below the order of the curve, not zero, and s is in the lower half.
    static func isCanonical(_ compact: [UInt8]) -> Bool {
        guard compact.prefix(32).contains(where: { $0 != 0 }), compact.suffix(32).contains(where: { $0 != 0 }) else {
            return false
        }
        var signature = secp256k1_ecdsa_signature()
        return secp256k1_ecdsa_signature_parse_compact(context, &signature, compact) == 1
            && secp256k1_ecdsa_signature_normalize(context, nil, &signature) == 0
    }

    private static func serialise(_ key: inout secp256k1_pubkey) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 65)
        var count = bytes.count
        secp256k1_ec_pubkey_serialize(context, &bytes, &count, &key, UInt32(SECP256K1_EC_UNCOMPRESSED))
        return bytes
    }
}
