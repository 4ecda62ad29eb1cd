import Foundation
import Shared
import TestChain
import TestNetwork
import Testing

/// An operator with a wallet, on a chain that has funded it.
struct Stakeholder {
    let operating: Operator
    let chain: TestChain
    let address: String
    let settings: [String: String]

    init() async throws {
        operating = try Operator()
        try await operating.initialise()
        let shown = try await operating.run("wallet", "address", "--format", "json")
        address = try JSONValue(parsing: Array(shown.output.utf8)).requireText("address")
        chain = try await TestChain(funding: [address])
        settings = try chain.settings()
    }

    func remove() { operating.remove() }

    func run(_ arguments: String...) async throws -> (status: Int32, output: String) { try await run(arguments, [:]) }

    func run(_ arguments: [String], _ extra: [String: String]) async throws -> (status: Int32, output: String) {
        try await operating.run(withPassword(arguments), environment: settings.merging(extra) { $1 })
    }

    /// The command as it begins, for tests that do not let it end.
    func start(_ arguments: String..., log: String) throws -> ChildProcess {
        let child = try ChildProcess(
            TestNetwork.binaries.appending(path: "blindference-node"), withPassword(arguments),
            environment: environment, directory: operating.folder, output: operating.folder.appending(path: log))
        child.closeInput()
        return child
    }

    private func withPassword(_ arguments: [String]) -> [String] {
        let opens = ["stake", "unstake", "withdraw"].contains(arguments.dropFirst().first ?? "")
        // An amount behind `--` stays the last.
        let password = opens ? ["--password-file", operating.file("password")] : []
        return Array(arguments.prefix(2)) + password + arguments.dropFirst(2)
    }

    /// All that a command needs.
    var environment: [String: String] { settings.merging(["BLF_CONFIG_DIR": operating.folder.path]) { $1 } }

    var terminal: Terminal {
        Terminal(password: "correct horse", environment: environment, folder: operating.folder)
    }

    /// What the wallet's transactions were for, by the journal.
    func intents() async throws -> [String] {
        try await journal("SELECT intent FROM chain_transaction ORDER BY rowid").split(separator: "\n").map(String.init)
    }

    /// Has another program run a statement on the journal; the first column of what it answers.
    @discardableResult
    func journal(_ statement: String) async throws -> String {
        let program = "import sqlite3, sys\nfor row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]): print(row[0])"
        let child = try ChildProcess(
            URL(filePath: "/usr/bin/python3"), ["-c", program, operating.file("journal.sqlite"), statement],
            output: operating.folder.appending(path: "journal.log"))
        #expect(try await child.end() == 0, "\(child.text)")
        return child.text
    }

    func status() async throws -> JSONValue { try await run("staking", "status", "--format", "json").output.report() }

    func transactions() async throws -> Int { try await chain.transactions(of: address) }
    func recordFailure() async throws { try await chain.recordFailure(of: address) }
}

extension String {
    /// What a command printed for programs; notes stand beside it, on standard error.
    func report() throws -> JSONValue {
        let line = try #require(split(whereSeparator: \.isNewline).first { $0.hasPrefix("{") }, "\(self)")
        return try JSONValue(parsing: Array(line.utf8))
    }
}
