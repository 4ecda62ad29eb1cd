internal import COpenSSL
internal import Shared

/// An X25519 pair made for one job. The secret half never leaves the worker: the permit names the public half, and the
/// network seals the prompt's key to it.
struct SealingKeyPair: ~Copyable {
    static let keyBytes = 32
    /// A half of a key: an integer below 2¹²⁸, big-endian.
    static let halfBytes = 16

    let publicKey: [UInt8]
    private let secret: SecretBytes

    init() throws { try self.init(secret: try SecretBytes.random(count: SealingKeyPair.keyBytes)) }

    init(secret: consuming SecretBytes) throws {
        let derived: [UInt8]? = secret.withBytes { secret in
            guard let key = EVP_PKEY_new_raw_private_key_ex(nil, "X25519", nil, secret.octets, secret.count) else {
                return nil
            }
            defer { EVP_PKEY_free(key) }
            var bytes = [UInt8](repeating: 0, count: SealingKeyPair.keyBytes)
            var count = bytes.count
            return EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1 ? bytes : nil
        }
        guard let derived else { throw JobFailure.cryptographyFailed }
        publicKey = derived
        self.secret = secret
    }

    /// Opens one sealed half, and wipes what it was sealed in.
    ///
    /// - Parameter handle: of the half, hexadecimal; only a signed seal names it.
    func open(_ sealed: inout SecretBytes, _ seal: JobOrder.Seal, handle: JSONValue?) throws -> SecretBytes {
        switch seal {
        case .hkdf: return try openExpanded(&sealed)
        case .box(let box):
            guard let handle = handle?.text.flatMap({ CiphertextHandle(hexadecimal: $0) }) else {
                throw ChannelError.malformedHeader
            }
            return try openBox(&sealed, box, handle)
        }
    }

    /// What this pair and the owner of `peer` (32 bytes) agree on.
    func agreement(with peer: UnsafeRawBufferPointer) throws -> SecretBytes {
        var shared = try SecretBytes(capacity: SealingKeyPair.keyBytes)
        shared.extend(to: SealingKeyPair.keyBytes)
        let agreed = secret.withBytes { secret in
            shared.withMutableBytes { shared in
                guard let own = EVP_PKEY_new_raw_private_key_ex(nil, "X25519", nil, secret.octets, 32) else {
                    return false
                }
                defer { EVP_PKEY_free(own) }
                guard let peer = EVP_PKEY_new_raw_public_key_ex(nil, "X25519", nil, peer.octets, 32) else {
                    return false
                }
                defer { EVP_PKEY_free(peer) }
                guard let context = EVP_PKEY_CTX_new(own, nil) else { return false }
                defer { EVP_PKEY_CTX_free(context) }
                var count = 32
                // OpenSSL refuses an all-zero agreement here.
                return EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1
                    && EVP_PKEY_derive(context, shared.octets, &count) == 1 && count == 32
            }
        }
        guard agreed else { throw JobFailure.sealedValueUnreadable }
        return shared
    }

    /// A big-endian integer of any width as a half; wider than 128 bits is none.
    static func half(_ number: UnsafeRawBufferPointer) throws -> SecretBytes {
        guard number.dropLast(halfBytes).allSatisfy({ $0 == 0 }) else { throw JobFailure.sealedValueMalformed }
        var half = try SecretBytes(capacity: halfBytes)
        for _ in 0..<max(0, halfBytes - number.count) { try half.append(0) }
        try half.append(UnsafeRawBufferPointer(rebasing: number.suffix(halfBytes)))
        return half
    }
}
