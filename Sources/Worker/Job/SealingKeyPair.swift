internal import CSodium
internal import CSystem
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
        // libsodium has the secret half in its output on the way, and leaves traces of it on the stack.
        var derived = try SecretBytes(zeros: SealingKeyPair.keyBytes)
        let isDerived = secret.withBytes { secret in
            derived.withMutableBytes { derived in
                guard secret.count == SealingKeyPair.keyBytes, let derived = derived.octets, let secret = secret.octets
                else { return false }
                return crypto_scalarmult_base(derived, secret) == 0
            }
        }
        csystem_wipe_stack()
        guard isDerived else { throw JobFailure.cryptographyFailed }
        publicKey = derived.withBytes { Array($0) }
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
        var shared = try SecretBytes(zeros: SealingKeyPair.keyBytes)
        let agreed = secret.withBytes { secret in
            shared.withMutableBytes { shared in
                guard peer.count == SealingKeyPair.keyBytes, let shared = shared.octets, let secret = secret.octets,
                    let peer = peer.octets
                else { return false }
                // An all-zero agreement is refused here.
                return crypto_scalarmult(shared, secret, peer) == 0
            }
        }
        csystem_wipe_stack()
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
