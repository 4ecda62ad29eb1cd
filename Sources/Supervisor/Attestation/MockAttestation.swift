internal import COpenSSL
package import Shared

/// Tier 0: an HMAC under a key that everybody knows. It proves nothing, and says so.
package struct MockAttestation: AttestationBackend {
    private let key: SharedSecret

    /// - Parameter key: in place of the network's public one (`MOCK_ATTESTATION_KEY`, `--tee-key`).
    package init(key: SharedSecret) { self.key = key }

    /// The key that the network's own coordinator and nodes use (wire.md 2).
    package static func networkKey() throws(SecretMemoryError) -> SharedSecret {
        var key = try SecretBytes(capacity: 32)
        try key.append("weloveblindference")
        return SharedSecret(key)
    }

    package var type: String { "mock" }
    /// A constant of the protocol: the same for every version.
    package var runtimeHash: [UInt8] { SHA256.hash(Array("blindference-node-v0.1.0-mock".utf8)) }

    /// The protocol's mock quote covers the nonce alone.
    package func quote(nonce: [UInt8], manifest: [UInt8]) throws(AttestationError) -> [UInt8] {
        guard nonce.count == 32 else { throw .nonceMalformed }
        var digest = [UInt8](repeating: 0, count: SHA256.byteCount)
        var count = UInt32(digest.count)
        key.bytes.withBytes { key in
            _ = HMAC(EVP_sha256(), key.baseAddress, Int32(key.count), nonce, nonce.count, &digest, &count)
        }
        return digest
    }
}
