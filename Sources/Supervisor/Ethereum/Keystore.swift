internal import CSodium
internal import CSystem
package import Shared

/// A private key encrypted under a password, in version 3 of Web3 Secret Storage, as geth and eth-account write it.
package struct Keystore: Equatable, Sendable {
    /// The key's address as the file states it; nil where it states none. Nothing vouches for it until `open`.
    package let address: Address?
    /// The file's own name for itself, a UUID as a rule; nil where there is none.
    package let id: String?
    let derivation: KeyDerivation
    let iv: [UInt8]
    let ciphertext: [UInt8]
    let mac: [UInt8]

    init(address: Address?, id: String?, derivation: KeyDerivation, iv: [UInt8], ciphertext: [UInt8], mac: [UInt8]) {
        self.address = address
        self.id = id
        self.derivation = derivation
        self.iv = iv
        self.ciphertext = ciphertext
        self.mac = mac
    }

    /// Encrypts `key` under a fresh salt, IV and id. Blocks for about a second at the standard cost.
    ///
    /// - Parameter password: UTF-8. May be empty, as the format has it; whether that is wise is the caller's decision.
    package init(
        sealing key: PrivateKey, password: borrowing SecretBytes, cost: ScryptCost = .standard
    ) throws(KeystoreError) {
        let derivation = try KeyDerivation(.scrypt(cost), salt: Keystore.random(32), length: 32)
        let derived = try derivation.derive(from: password)
        let iv = Keystore.random(AES128CTR.blockByteCount)
        var ciphertext = [UInt8](repeating: 0, count: PrivateKey.byteCount)
        let encrypted = key.withSecret { secret in
            secret.withPointer { input in
                derived.withPointer { keys in
                    AES128CTR.apply(
                        key: keys, iv: iv, input: input, output: &ciphertext, count: Int32(PrivateKey.byteCount))
                }
            }
        }
        guard encrypted else { throw .computationFailed }
        let mac = try Keystore.mac(of: ciphertext, under: derived)
        self.init(
            address: key.address, id: Keystore.makeID(), derivation: derivation, iv: iv, ciphertext: ciphertext,
            mac: mac)
    }

    /// Decrypts the key. Blocks for as long as the file's parameters ask, half a minute at the very most.
    package func open(password: borrowing SecretBytes) throws(KeystoreError) -> PrivateKey {
        let derived = try derivation.derive(from: password)
        let expected = try Keystore.mac(of: ciphertext, under: derived)
        guard sodium_memcmp(expected, mac, mac.count) == 0 else { throw .wrongPasswordOrDamaged }
        var plaintext: SecretBytes
        do throws(SecretMemoryError) {
            plaintext = try SecretBytes(zeros: ciphertext.count)
        } catch { throw .memory(error) }
        let decrypted = plaintext.withMutablePointer { output in
            derived.withPointer { keys in
                AES128CTR.apply(key: keys, iv: iv, input: ciphertext, output: output, count: Int32(ciphertext.count))
            }
        }
        guard decrypted else { throw .computationFailed }
        let key: PrivateKey
        do throws(KeyError) {
            key = try PrivateKey(plaintext)
        } catch { throw .damaged }
        if let address, address != key.address { throw .addressMismatch }
        return key
    }

    /// keccak256 over the second half of the derived key and the ciphertext.
    private static func mac(of ciphertext: [UInt8], under derived: borrowing SecretBytes) throws(KeystoreError)
        -> [UInt8]
    {
        do throws(SecretMemoryError) {
            var input = try SecretBytes(capacity: 16 + ciphertext.count)
            try derived.withBytes { (keys) throws(SecretMemoryError) in
                try input.append(UnsafeRawBufferPointer(rebasing: keys[16..<32]))
            }
            try input.append(public: ciphertext)
            return Keccak256.hash(input)
        } catch { throw .memory(error) }
    }

    /// For what is no secret.
    private static func random(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        csystem_random(&bytes, count)
        return bytes
    }

    /// A random UUID (version 4, RFC 9562).
    private static func makeID() -> String {
        var bytes = random(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { Hexadecimal.encode(bytes[$0]) }.joined(separator: "-")
    }
}
