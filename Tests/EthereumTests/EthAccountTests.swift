import Ethereum
import Foundation
import Shared
import Testing

/// Keystores go to and fro between this node and eth-account, the library that most wallets' tools are built on.
@Suite struct EthAccountTests {
    private static let support = Vectors.tests.appending(path: "Support/eth-account")
    private static let password = "pässwörd ☃"

    private struct PeerFailed: Error { let status: Int32 }

    private static let interpreter = Result {
        try run("/bin/bash", [support.appending(path: "setup.sh").path])
    }

    /// Runs a program to its end and returns what it prints, without the last newline.
    private static func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw PeerFailed(status: process.terminationStatus) }
        return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    private static func peer(_ script: String, _ arguments: [String]) throws -> String {
        try run(interpreter.get(), [support.appending(path: script).path] + arguments)
    }

    @Test("eth-account opens a keystore of ours", arguments: [KeystoreTests.cost, .standard])
    func ours(cost: ScryptCost) throws {
        let folder = try TemporaryFolder()
        let key = try PrivateKey.generate()
        let keystore = try Keystore(sealing: key, password: Vectors.secret(EthAccountTests.password), cost: cost)
        try KeystoreFile.save(keystore, path: folder.path("key.json"), replacing: false)
        try Data(EthAccountTests.password.utf8).write(to: URL(filePath: folder.path("password")))
        let address = try EthAccountTests.peer("open_keystore.py", [folder.path("key.json"), folder.path("password")])
        #expect(address == key.address.checksummed)
    }

    @Test("we open a keystore of eth-account", arguments: [("scrypt", 1024), ("scrypt", 262_144), ("pbkdf2", 1000)])
    func theirs(function: String, work: Int) throws {
        let folder = try TemporaryFolder()
        try Data(EthAccountTests.password.utf8).write(to: URL(filePath: folder.path("password")))
        let node = try #require(Vectors.list("keys").first { $0["name"]?.text == "node" })
        _ = try EthAccountTests.peer(
            "write_keystore.py",
            [
                folder.path("key.json"), folder.path("password"), try node.requireText("privateKey"), function,
                String(work),
            ])
        let file = try KeystoreFile.load(path: folder.path("key.json"))
        let key = try file.keystore.open(password: Vectors.secret(EthAccountTests.password))
        #expect(key.address.checksummed == (try node.requireText("address")))
    }
}
