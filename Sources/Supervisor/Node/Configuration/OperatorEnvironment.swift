internal import CSystem
internal import Glibc
package import Shared
internal import Synchronization

/// The environment and the `.env` file of the working directory, without overriding the former by the latter.
///
/// Variables that hold secrets are moved into secret memory when this is made: their bytes in the process's environment
/// block, which `/proc/PID/environ` shows, are overwritten. Make it first thing in `main`, before any thread.
package final class OperatorEnvironment: Sendable {
    package enum Secret: String, CaseIterable, Sendable {
        case privateKey = "BLF_PRIVATE_KEY"
        case password = "BLF_KEY_PASSWORD"
        case uploadToken = "BLF_IPFS_UPLOAD_JWT"
        case groqKey = "GROQ_API_KEY"
        case googleKey = "GOOGLE_API_KEY"
        case mockAttestationKey = "MOCK_ATTESTATION_KEY"

        /// Older documents' name.
        var formerName: String? { self == .uploadToken ? "PINATA_JWT" : nil }
    }

    private let secrets: Mutex<[Secret: SharedSecret]>
    private let file: [String: String]

    package enum Failure: Error, Equatable, Sendable {
        case secretMemory(SecretMemoryError), fileUnreadable, fileTooLarge
    }

    /// - Parameter environmentFile: usually `.env`; a missing file is no error.
    package init(environmentFile: String = ".env") throws(Failure) {
        do {
            var secrets: [Secret: SharedSecret] = [:]
            var file: [String: String] = [:]
            for secret in Secret.allCases {
                for name in [secret.rawValue, secret.formerName].compactMap({ $0 }) where secrets[secret] == nil {
                    secrets[secret] = try OperatorEnvironment.take(name)
                }
            }
            if let text = try OperatorEnvironment.read(environmentFile) {
                try EnvironmentFile.parse(text) { name, value in
                    if let secret = Secret.allCases.first(where: { $0.rawValue == name || $0.formerName == name }) {
                        if secrets[secret] == nil { secrets[secret] = SharedSecret(try value.copy(0..<value.count)) }
                    } else {
                        file[name] = value.withBytes { String(decoding: $0, as: UTF8.self) }
                    }
                }
            }
            self.secrets = Mutex(secrets)
            self.file = file
        } catch let error as SecretMemoryError { throw .secretMemory(error) } catch let error as Failure {
            throw error
        } catch {
            throw .fileUnreadable
        }
    }

    /// The value of a variable that holds no secret.
    package func text(_ name: String) -> String? {
        if let value = getenv(name) { return String(cString: value) }
        return file[name]
    }

    package func secret(_ secret: Secret) -> SharedSecret? { secrets.withLock { $0[secret] } }

    /// Lets go of a secret that has done its work; it is wiped with its last owner.
    package func forget(_ secret: Secret) { secrets.withLock { $0[secret] = nil } }

    /// Moves a variable out of the environment block. One pair of quotes around the value is dropped.
    private static func take(_ name: String) throws(SecretMemoryError) -> SharedSecret? {
        guard let value = getenv(name) else { return nil }
        let length = strlen(value)
        defer { unsetenv(name) }
        guard length > 0 else { return nil }
        var secret = try SecretBytes(capacity: length)
        try secret.append(UnsafeRawBufferPointer(start: value, count: length))
        csystem_wipe(value, length)
        secret.stripQuotes()
        return SharedSecret(secret)
    }

    private static func read(_ path: String) throws -> SecretBytes? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw Failure.fileUnreadable }
            return nil
        }
        defer { close(descriptor) }
        return try SecretBytes.reading(descriptor, limit: 64 << 10)
    }
}

extension SecretBytes {
    /// Everything that can be read from `descriptor`, at most `limit` bytes.
    static func reading(_ descriptor: Int32, limit: Int) throws -> SecretBytes {
        var text = try SecretBytes(capacity: limit + 1)
        while true {
            let old = text.count
            text.extend(to: text.capacity)
            let count = text.withMutableBytes { bytes in
                let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[old...])
                return Glibc.read(descriptor, rest.baseAddress, rest.count)
            }
            text.truncate(to: old + max(count, 0))
            if count < 0 { throw OperatorEnvironment.Failure.fileUnreadable }
            if count == 0 { return text }
            if text.count > limit { throw OperatorEnvironment.Failure.fileTooLarge }
        }
    }

    /// Drops one matching pair of single or double quotes around the bytes.
    mutating func stripQuotes() {
        let quoted = withBytes { bytes in
            bytes.count >= 2 && bytes.first == bytes.last && (bytes.first == 0x22 || bytes.first == 0x27)
        }
        guard quoted else { return }
        truncate(to: count - 1)
        removeFirst(1)
    }
}
