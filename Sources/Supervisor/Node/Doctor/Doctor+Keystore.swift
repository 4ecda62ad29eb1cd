internal import Ethereum

extension Doctor {
    /// The keystore from outside: nothing in it is opened.
    func examineKeystore(_ configuration: Configuration) -> Finding {
        let path = configuration.keystorePath
        let file: KeystoreFile
        do { file = try KeystoreFile.load(path: path) } catch { return failure(.keystore, about: path, error) }
        if file.isExposed { return failure(.keystore, about: path, ConfigurationError.secretFileExposed(path: path)) }
        if let strange = FileRights(path)?.strangeOwner(.keystore, path) { return strange }
        if let wanted = configuration.nodeAddress, let own = file.keystore.address, wanted != own {
            return Finding(
                .keystore, about: path, .fail,
                "The configuration names \(wanted.checksummed), but the keystore says \(own.checksummed).",
                next: "Correct node_address or keystore_path.")
        }
        return Finding(
            .keystore, about: path, .pass, "Yours alone, and whole as far as can be seen without its password.")
    }
}
