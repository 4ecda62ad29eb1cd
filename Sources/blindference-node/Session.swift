internal import Ethereum
internal import Foundation
internal import Glibc
internal import Logging
internal import Shared
internal import Supervisor

/// What every command starts with: the environment, taken once, and the configuration found from it.
struct Session {
    let loader: ConfigurationLoader
    let configuration: Configuration

    /// Taken at the first use, which is the first line of `main`: secrets are moved out of the environment block.
    static let environment = Result { () throws(OperatorEnvironment.Failure) in try OperatorEnvironment() }

    var environment: OperatorEnvironment {
        get throws { try Session.environment.get() }
    }

    var journalPath: String { loader.directory + "/journal.sqlite" }

    init(_ options: FolderOptions) throws {
        loader = ConfigurationLoader(directory: options.configDir, environment: try Session.environment.get())
        configuration = try loader.load()
    }

    /// The wallet's address, without opening the wallet.
    func address() throws(ConfigurationError) -> Address {
        guard let address = configuration.nodeAddress else { throw .missing(key: Setting.nodeAddress.rawValue) }
        return address
    }

    func wallet(_ options: PasswordOptions) throws -> PrivateKey {
        let file = try KeystoreFile.load(path: configuration.keystorePath)
        guard !file.isExposed else { throw ConfigurationError.secretFileExposed(path: configuration.keystorePath) }
        let password = try Password.existing(options, environment: environment)
        let wallet = try file.keystore.open(password: password.bytes)
        // A node runs for months: what only opened or could have replaced its wallet is not to be in its memory.
        try environment.forget(.password)
        try environment.forget(.privateKey)
        if let expected = configuration.nodeAddress, expected != wallet.address {
            throw CommandRefusal.addressMismatch(configured: expected.checksummed, keystore: wallet.address.checksummed)
        }
        return wallet
    }

    func log(for address: Address) -> Logger {
        let level: Logger.Level =
            switch configuration.logLevel {
            case "DEBUG": .debug
            case "WARNING": .warning
            case "ERROR": .error
            default: .info
            }
        let format: LineLogHandler.Format = configuration.logFormat == .json ? .json : .text
        return Logger(label: "blindference-node") { _ in
            LineLogHandler(format: format, level: level, node: String(address.checksummed.prefix(10)))
        }
    }

    /// Another program of the project, which stands beside this one.
    static func path(of program: String) -> String {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return (own as NSString).deletingLastPathComponent + "/" + program
    }

    static var workerPath: String { path(of: "blindference-worker") }
}
