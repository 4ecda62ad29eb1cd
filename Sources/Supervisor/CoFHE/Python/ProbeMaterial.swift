internal import COpenSSL
internal import CSystem
internal import Shared

/// What a worker needs for a prompt that is no secret: made here as the network and a user would make it, so that a node
/// can try its own models through the real path.
package struct ProbeMaterial: Sendable {
    package let sealed: SealedKey
    package let blob: [UInt8]

    /// - Parameter sealingKey: the worker's X25519 public key.
    package init(prompt: String, sealingKey: [UInt8]) throws(ThresholdError) {
        let key = ProbeMaterial.random(32)
        guard let high = ProbeMaterial.seal(Array(key[..<16]), to: sealingKey),
            let low = ProbeMaterial.seal(Array(key[16...]), to: sealingKey),
            let box = ProbeMaterial.encrypt(Array(prompt.utf8), key: key)
        else { throw .malformed }
        sealed = SealedKey(high: high, low: low)
        blob = box.nonce + box.tag + box.ciphertext
    }

    private static func random(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        csystem_random(&bytes, count)
        return bytes
    }

    /// `ephemeral public(32) ‖ iv(12) ‖ ciphertext ‖ tag(16)` (cofhe.md 9).
    private static func seal(_ half: [UInt8], to sealingKey: [UInt8]) -> [UInt8]? {
        let secret = random(32)
        guard let own = EVP_PKEY_new_raw_private_key_ex(nil, "X25519", nil, secret, secret.count) else { return nil }
        defer { EVP_PKEY_free(own) }
        guard let peer = EVP_PKEY_new_raw_public_key_ex(nil, "X25519", nil, sealingKey, sealingKey.count) else {
            return nil
        }
        defer { EVP_PKEY_free(peer) }
        var ephemeral = [UInt8](repeating: 0, count: 32)
        var shared = ephemeral
        var key = ephemeral
        var counts = (32, 32, 32)
        guard EVP_PKEY_get_raw_public_key(own, &ephemeral, &counts.0) == 1, let agreement = EVP_PKEY_CTX_new(own, nil)
        else {
            return nil
        }
        defer { EVP_PKEY_CTX_free(agreement) }
        guard EVP_PKEY_derive_init(agreement) == 1, EVP_PKEY_derive_set_peer(agreement, peer) == 1,
            EVP_PKEY_derive(agreement, &shared, &counts.1) == 1, let expansion = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nil)
        else { return nil }
        defer { EVP_PKEY_CTX_free(expansion) }
        let purpose = Array("CoFHE seal".utf8)
        guard EVP_PKEY_derive_init(expansion) == 1, EVP_PKEY_CTX_set_hkdf_md(expansion, EVP_sha256()) == 1,
            EVP_PKEY_CTX_set1_hkdf_key(expansion, shared, 32) == 1,
            EVP_PKEY_CTX_add1_hkdf_info(expansion, purpose, Int32(purpose.count)) == 1,
            EVP_PKEY_derive(expansion, &key, &counts.2) == 1, let box = encrypt(half, key: key)
        else { return nil }
        return ephemeral + box.nonce + box.ciphertext + box.tag
    }

    private static func encrypt(
        _ text: [UInt8], key: [UInt8]
    ) -> (nonce: [UInt8], ciphertext: [UInt8], tag: [UInt8])? {
        guard let context = EVP_CIPHER_CTX_new() else { return nil }
        defer { EVP_CIPHER_CTX_free(context) }
        let nonce = random(12)
        var ciphertext = [UInt8](repeating: 0, count: text.count)
        var tag = [UInt8](repeating: 0, count: 16)
        var count: Int32 = 0
        var none: UInt8 = 0
        guard EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            EVP_EncryptUpdate(context, &ciphertext, &count, text, Int32(text.count)) == 1,
            EVP_EncryptFinal_ex(context, &none, &count) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, &tag) == 1
        else { return nil }
        return (nonce, ciphertext, tag)
    }
}
