internal import ArgumentParser
internal import Ethereum
internal import Foundation
internal import Shared
internal import Supervisor

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make or import a wallet and write a first configuration.",
        discussion: "Asks on a terminal. Without one: BLF_KEY_PASSWORD or --password-file, and for an import "
            + "BLF_PRIVATE_KEY or --private-key-file.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var password: PasswordOptions
    @Option(name: .long, help: "Import the private key in this file (64 hexadecimal digits) instead of making one.")
    var privateKeyFile: String?
    @Flag(name: .long, help: "Replace an existing keystore. The old key is gone if you have no copy.")
    var force = false

    func run() async throws {
        let environment = try Session.environment.get()
        let directory = ConfigurationLoader(directory: folder.configDir, environment: environment).directory
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw CommandRefusal.folderUnwritable(path: directory) }
        let session = try Session(folder)
        let path = session.configuration.keystorePath
        guard force || !FileManager.default.fileExists(atPath: path) else {
            throw CommandRefusal.keystoreExists(path: path)
        }
        let wallet = try key(environment)
        let secret = try Password.new(password, environment: environment)
        guard !secret.bytes.isEmpty else { throw CommandRefusal.passwordEmpty }
        try KeystoreFile.save(Keystore(sealing: wallet, password: secret.bytes), path: path, replacing: force)
        do { try FirstConfiguration.write(to: session.loader.file, address: wallet.address) } catch {
            // A wallet that nobody was told of is none. A replaced one is gone already.
            if !force { try? FileManager.default.removeItem(atPath: path) }
            throw CommandRefusal.folderUnwritable(path: directory)
        }
        Report.show(
            [
                .init("address", "Address", .string(wallet.address.checksummed)),
                .init("keystore", "Keystore", .string(path)),
                .init("configuration", "Configuration", .string(session.loader.file)),
                .init("gpus", "GPUs", .array(GraphicsProcessors.found().map { .string($0) })),
            ], as: .table)
        Terminal.note("Keep a copy of the keystore and its password: nobody can restore them.")
    }

    private func key(_ environment: OperatorEnvironment) throws -> PrivateKey {
        let given =
            try privateKeyFile.map { path throws(ConfigurationError) in try SecretFile.read(path, limit: 128) }
            ?? environment.secret(.privateKey) ?? askForKey()
        guard let given else { return try PrivateKey.generate() }
        do { return try PrivateKey(hexadecimal: given.bytes) } catch { throw CommandRefusal.privateKeyRefused }
    }

    private func askForKey() throws -> SharedSecret? {
        guard Terminal.isInteractive else { return nil }
        let choice = Terminal.ask("Make a new wallet, or import a private key? (new/import)", fallback: "new")
        return choice.hasPrefix("i") ? try Terminal.askSecret("Private key: ") : nil
    }
}
