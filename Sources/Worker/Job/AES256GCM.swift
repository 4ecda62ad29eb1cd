internal import COpenSSL
internal import CSodium
internal import CSystem

/// AES-256-GCM without associated data, in place and in secret memory.
enum AES256GCM {
    static let (keyBytes, nonceBytes, tagBytes) = (32, 12, 16)

    /// libsodium has it where the processor has instructions for it. OpenSSL has it everywhere, and before its first
    /// cipher reads in all of them, which takes 0.4 ms.
    enum Library: CaseIterable {
        case sodium, openSSL

        static let best = crypto_aead_aes256gcm_is_available() == 1 ? Library.sodium : .openSSL
    }

    /// False when the tag does not fit; `text` is worth nothing then.
    static func open(
        _ text: UnsafeMutableRawBufferPointer, nonce: UnsafePointer<UInt8>, tag: UnsafeMutablePointer<UInt8>,
        key: UnsafePointer<UInt8>, by library: Library = .best
    ) -> Bool {
        // OpenSSL takes no null for nothing.
        guard let octets = text.octets else { return false }
        // libsodium leaves the key on the stack, as what its rounds are made of.
        defer { csystem_wipe_stack() }
        switch library {
        case .sodium:
            return crypto_aead_aes256gcm_decrypt_detached(
                octets, nil, octets, UInt64(text.count), tag, nil, 0, nonce, key) == 0
        case .openSSL:
            return withContext { context in
                var written: Int32 = 0
                return EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
                    && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagBytes), tag) == 1
                    && EVP_DecryptUpdate(context, octets, &written, octets, Int32(text.count)) == 1
                    && EVP_DecryptFinal_ex(context, octets + text.count, &written) == 1
            }
        }
    }

    /// Leaves the ciphertext in `text`, and its tag in `tag`.
    static func seal(
        _ text: UnsafeMutableRawBufferPointer, nonce: UnsafePointer<UInt8>, tag: UnsafeMutablePointer<UInt8>,
        key: UnsafePointer<UInt8>, by library: Library = .best
    ) -> Bool {
        guard let octets = text.octets else { return false }
        defer { csystem_wipe_stack() }
        switch library {
        case .sodium:
            return crypto_aead_aes256gcm_encrypt_detached(
                octets, tag, nil, octets, UInt64(text.count), nil, 0, nil, nonce, key) == 0
        case .openSSL:
            return withContext { context in
                var written: Int32 = 0
                return EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
                    && EVP_EncryptUpdate(context, octets, &written, octets, Int32(text.count)) == 1
                    && EVP_EncryptFinal_ex(context, octets + text.count, &written) == 1
                    && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagBytes), tag) == 1
            }
        }
    }

    private static func withContext(_ body: (OpaquePointer) -> Bool) -> Bool {
        guard let context = EVP_CIPHER_CTX_new() else { return false }
        defer { EVP_CIPHER_CTX_free(context) }
        return body(context)
    }
}

extension UnsafeRawBufferPointer {
    var octets: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}

extension UnsafeMutableRawBufferPointer {
    var octets: UnsafeMutablePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}
