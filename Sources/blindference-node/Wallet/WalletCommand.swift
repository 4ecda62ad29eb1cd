internal import ArgumentParser
internal import Ethereum
internal import Foundation
internal import Shared
internal import Supervisor

struct WalletCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wallet", abstract: "The node's wallet. No command prints a private key.",
        subcommands: [
            WalletAddressCommand.self, WalletImportCommand.self, WalletExportCommand.self,
            WalletPasswordCommand.self,
        ])
}

struct WalletAddressCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "address", abstract: "Print the wallet's address. Needs no password.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: FormatOptions

    func run() throws {
        let address = try Session(folder).address()
        Report.show([.init("address", "Address", .string(address.checksummed))], as: output.format)
    }
}

struct WalletImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take over a keystore of another wallet program (version 3).")

    @Argument(help: "The keystore file.")
    var keystore: String
    @OptionGroup var folder: FolderOptions
    @OptionGroup var password: PasswordOptions
    @OptionGroup var output: FormatOptions
    @Flag(name: .long, help: "Replace an existing keystore. The old key is gone if you have no copy.")
    var force = false

    func run() throws {
        let session = try Session(folder)
        let path = session.configuration.keystorePath
        guard force || !FileManager.default.fileExists(atPath: path) else {
            throw CommandRefusal.keystoreExists(path: path)
        }
        let file = try KeystoreFile.load(path: keystore)
        // Opened, so that a wrong password is known now and not at the node's next start.
        let wallet = try file.keystore.open(
            password: Password.existing(password, environment: session.environment).bytes)
        if let expected = session.configuration.nodeAddress, expected != wallet.address, !force {
            throw CommandRefusal.addressMismatch(
                configured: expected.checksummed, keystore: wallet.address.checksummed)
        }
        try KeystoreFile.save(file.keystore, path: path, replacing: force)
        if !FileManager.default.fileExists(atPath: session.loader.file) {
            try FirstConfiguration.write(to: session.loader.file, address: wallet.address)
        }
        Report.show(
            [
                .init("address", "Address", .string(wallet.address.checksummed)),
                .init("keystore", "Keystore", .string(path)),
            ], as: output.format)
    }
}

struct WalletExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-keystore",
        abstract: "Copy the keystore, still encrypted, for a backup or another wallet program.")

    @Argument(help: "The file to write; it must not exist.")
    var file: String
    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: FormatOptions

    func run() throws {
        let session = try Session(folder)
        let keystore = try KeystoreFile.load(path: session.configuration.keystorePath).keystore
        guard !FileManager.default.fileExists(atPath: file) else { throw CommandRefusal.keystoreExists(path: file) }
        try KeystoreFile.save(keystore, path: file, replacing: false)
        Report.show([.init("keystore", "Keystore", .string(file))], as: output.format)
        Terminal.note("\(file) is encrypted under the keystore's password, which nobody can restore.")
    }
}

struct WalletPasswordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "change-password", abstract: "Encrypt the keystore under another password.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var password: PasswordOptions
    @OptionGroup var output: FormatOptions
    @Option(name: .long, help: "File with the new password (else a question).")
    var newPasswordFile: String?

    func run() throws {
        let session = try Session(folder)
        let wallet = try session.wallet(password)
        var new = PasswordOptions()
        new.passwordFile = newPasswordFile
        // BLF_KEY_PASSWORD is the old one, and was forgotten when it opened the wallet.
        let secret = try Password.new(new, environment: session.environment)
        guard !secret.bytes.isEmpty else { throw CommandRefusal.passwordEmpty }
        try KeystoreFile.save(
            Keystore(sealing: wallet, password: secret.bytes), path: session.configuration.keystorePath,
            replacing: true)
        Report.show([.init("keystore", "Keystore", .string(session.configuration.keystorePath))], as: output.format)
        Terminal.note("Its password was changed. Older copies keep the old one.")
    }
}
