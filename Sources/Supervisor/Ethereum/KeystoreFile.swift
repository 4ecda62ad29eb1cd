internal import Shared

/// A keystore on disk.
package struct KeystoreFile: Equatable, Sendable {
    package let keystore: Keystore
    /// Others than the owner have some right to the file. Worth a warning: they may guess its password at leisure.
    package let isExposed: Bool

    /// Reads the file, following no link in its last part.
    package static func load(path: String) throws(KeystoreError) -> KeystoreFile {
        let file: DurableFile
        do throws(DurableFileError) {
            file = try DurableFile.read(path: path, limit: Keystore.maximumByteCount)
        } catch { throw .file(error) }
        return KeystoreFile(keystore: try Keystore(parsing: file.bytes), isExposed: file.permissions & 0o077 != 0)
    }

    /// Writes the file with mode 0600, whole or not at all, and durable when this returns.
    ///
    /// Unless `replacing`, a file already there stays and `KeystoreError.file(.exists)` is thrown.
    package static func save(_ keystore: Keystore, path: String, replacing: Bool) throws(KeystoreError) {
        do throws(DurableFileError) {
            try DurableFile.write(keystore.encoded(), path: path, mode: 0o600, replacing: replacing)
        } catch { throw .file(error) }
    }
}
