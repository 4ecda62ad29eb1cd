package import Ethereum
internal import Synchronization

/// The values behind handles, and who may read them: the toy's threshold network and its access list in one.
package final class Vault: Sendable {
    static let maximumValues = 100_000

    private struct Entry {
        /// Big-endian, 16 bytes.
        let value: [UInt8]
        var readers: Set<Address>
    }
    private let entries = Mutex<[Word: Entry]>([:])

    package init() {}

    /// Keeps a 128-bit value for `owner` under a new random handle; nil when the vault is full.
    ///
    /// The handle ends in 0x06 0x00 like a real one: type uint128, security zone 0 (cofhe.md).
    package func store(_ value: [UInt8], owner: Address) -> Word? {
        precondition(value.count == 16)
        // 32 bytes always make a word.
        let handle = Word(bytes: ToyCrypto.random(30) + [0x06, 0x00])!
        return store(value, owner: owner, under: handle) ? handle : nil
    }

    /// False when the vault is full.
    func store(_ value: [UInt8], owner: Address, under handle: Word) -> Bool {
        entries.withLock { entries in
            guard entries.count < Vault.maximumValues else { return false }
            entries[handle] = Entry(value: value, readers: [owner])
            return true
        }
    }

    package func allow(_ readers: some Sequence<Address>, _ handle: Word) {
        entries.withLock { $0[handle]?.readers.formUnion(readers) }
    }

    /// 16 bytes, big-endian.
    func value(_ handle: Word) -> [UInt8]? { entries.withLock { $0[handle]?.value } }

    package func contains(_ handle: Word) -> Bool { entries.withLock { $0[handle] != nil } }

    /// Seals a value to the permit's key.
    func seal(_ handle: Word, under permit: SealingPermit, now: Double) throws -> [UInt8] {
        try permit.check(now: now)
        guard let entry = entries.withLock({ $0[handle] }) else {
            throw RPCRefusal(.refused, "unknown handle", .handleUnknown)
        }
        guard entry.readers.contains(permit.issuer) else {
            throw RPCRefusal(.refused, "issuer may not read this handle", .permitNotAllowed)
        }
        return try SealedValue.seal(entry.value, to: permit.sealingKey)
    }
}

/// `ephemeral public key (32) ‖ iv (12) ‖ AES-256-GCM ciphertext ‖ tag (16)`.
package enum SealedValue {
    package static func seal(_ value: [UInt8], to sealingKey: [UInt8]) throws -> [UInt8] {
        let ephemeral = try ToyCrypto.x25519KeyPair()
        guard let shared = try? ToyCrypto.x25519(ephemeral.secret, sealingKey) else {
            throw RPCRefusal(.refused, "unusable sealing key", .permitMalformed)
        }
        let box = try ToyCrypto.seal(value, key: ToyCrypto.hkdfSHA256(shared, info: "CoFHE seal"))
        return ephemeral.publicKey + box.iv + box.ciphertext + box.tag
    }

    /// Throws for anything that was not sealed to the key of `secret`.
    package static func open(_ sealed: [UInt8], secret: [UInt8]) throws -> [UInt8] {
        guard sealed.count >= 60 else { throw ToyCrypto.Failure() }
        let shared = try ToyCrypto.x25519(secret, Array(sealed[..<32]))
        let box = ToyCrypto.Box(
            iv: Array(sealed[32..<44]), tag: Array(sealed.suffix(16)), ciphertext: Array(sealed[44..<sealed.count - 16])
        )
        return try ToyCrypto.open(box, key: ToyCrypto.hkdfSHA256(shared, info: "CoFHE seal"))
    }
}
