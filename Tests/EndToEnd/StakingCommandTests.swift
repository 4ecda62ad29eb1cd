import Foundation
import Shared
import TestChain
import TestNetwork
import Testing

/// The commands of the stake and the wallet, on a chain with the real contracts.
@Suite("The commands: staking, balance, wallet", .crowd)
struct StakingCommandTests {
    @Test("stake, look, unstake, wait 96 hours, withdraw: every step shown, and the BLIND is back")
    func wholeLife() async throws {
        let stakeholder = try await Stakeholder()
        defer { stakeholder.remove() }
        var status = try await stakeholder.status()
        #expect(status["staked"]?.text == "0" && status["balance"]?.text == "10000" && status["active"] == false)

        let looked = try await stakeholder.run("staking", "stake", "1234.567", "--dry-run")
        #expect(
            looked.status == 0 && looked.output.contains("Would stake 1234.567 of your 10000 BLIND, for at most 0.0"))
        let lookedAt = try await stakeholder.run("staking", "stake", "1234.567", "--dry-run", "--format", "json")
        #expect(lookedAt.output.contains(#"{"signed":false}"#), "\(lookedAt.output)")
        let unasked = try await stakeholder.run("staking", "stake", "1234.567")
        #expect(unasked.status == 1 && unasked.output.contains("--yes"), "\(unasked.output)")
        #expect(try await stakeholder.transactions() == 0)

        let staked = try await stakeholder.run("staking", "stake", "1234.567", "--yes")
        #expect(staked.status == 0, "\(staked.output)")
        #expect(staked.output.contains("approve: in block") && staked.output.contains("stake: in block"))
        status = try await stakeholder.status()
        #expect(status["staked"]?.text == "1234.567" && status["active"] == true)
        #expect(status["balance"]?.text == "8765.433")
        #expect(status["secondsLeft"] == .null)

        let early = try await stakeholder.run("staking", "withdraw", "--yes")
        #expect(early.status == 1 && early.output.contains("Nothing unbonds"), "\(early.output)")
        let unstaked = try await stakeholder.run("staking", "unstake", "--yes", "--format", "json")
        #expect(unstaked.status == 0, "\(unstaked.output)")
        let shown = try unstaked.output.report()
        let hash = try #require(shown["transaction"]?.text)
        #expect(try await stakeholder.chain.ask("eth_getTransactionReceipt", .string(hash))["status"] == "0x1")
        #expect(shown["explorer"]?.text?.hasSuffix("/tx/" + hash) == true)
        let availableAt = try await stakeholder.status()["availableAt"]
        #expect(availableAt?.int != nil && shown["availableAt"] == availableAt)
        let again = try await stakeholder.run("staking", "unstake", "--yes")
        #expect(again.status == 1 && again.output.contains("still unbonds"), "\(again.output)")
        let tooEarly = try await stakeholder.run("staking", "withdraw", "--yes")
        #expect(tooEarly.status == 1, "\(tooEarly.output)")
        #expect(tooEarly.output.contains("95 h 59 min are left") || tooEarly.output.contains("96 h 0 min are left"))
        status = try await stakeholder.status()
        #expect(status["unbonding"]?.text == "1234.567" && status["staked"]?.text == "0")
        #expect((345_000...345_600).contains(status["secondsLeft"]?.int ?? 0))

        try await stakeholder.chain.ask("dev_advanceTime", 345_601)
        #expect(try await stakeholder.status()["secondsLeft"] == 0)
        let withdrawn = try await stakeholder.run("staking", "withdraw", "--yes")
        #expect(withdrawn.status == 0, "\(withdrawn.output)")
        #expect(try await stakeholder.status()["balance"]?.text == "10000")
        #expect(try await stakeholder.transactions() == 4, "approve, stake, unstake, withdraw")
    }

    @Test("what cannot be staked is refused before anything is signed, with the next step")
    func refusals() async throws {
        let stakeholder = try await Stakeholder()
        defer { stakeholder.remove() }
        for amount in ["1000.0000000000000000001", "-5", "1e3", "all", "0x10"] {
            let result = try await stakeholder.run("staking", "stake", "--yes", "--", amount)
            #expect(result.status == 2 && result.output.contains("no amount"), "\(amount): \(result.output)")
        }
        let cases: [(arguments: [String], settings: [String: String], words: String)] = [
            (["stake", "999.999999999999999999"], [:], "at least 1000 BLIND"),
            (["stake", "10000.000000000000000001"], [:], "The wallet has 10000 BLIND"),
            (["unstake"], [:], "Nothing is staked"),
            (["stake", "1000"], ["BLF_RPC_URL": ""], "rpc_url is not set"),
            (["stake", "1000"], ["BLF_RPC_URL": "http://127.0.0.1:9"], "cannot be reached"),
            (["stake", "1000"], ["BLF_RPC_URL": "http://rpc.example"], "https"),
            (["stake", "1000"], ["BLF_CHAIN_ID": "42161"], "speaks for chain 421614, and this node for 42161"),
            (["stake", "1000"], ["BLF_NETWORK": "mainnet"], "network must be one of"),
            (["stake", "1000"], ["BLF_STAKING_ADDRESS": stakeholder.address], "does not answer as it should"),
            (["stake", "1000"], ["BLF_BLIND_TOKEN_ADDRESS": stakeholder.address], "blind_token_address"),
            (["stake", "1000"], ["BLF_MAX_FEE_PER_GAS_WEI": "1000"], "max_fee_per_gas_wei allows 1000"),
        ]
        for (arguments, settings, words) in cases {
            let result = try await stakeholder.run(["staking"] + arguments + ["--yes"], settings)
            #expect(result.status == 1, "\(arguments) \(settings): \(result.output)")
            #expect(result.output.contains(words), "\(arguments) \(settings): \(result.output)")
        }
        try stakeholder.operating.write("wrong", "another password", mode: 0o600)
        let wrong = try await stakeholder.operating.run(
            "staking", "stake", "1000", "--yes", "--password-file", stakeholder.operating.file("wrong"),
            environment: stakeholder.settings)
        #expect(wrong.status == 1 && wrong.output.contains("password is wrong"), "\(wrong.output)")
        #expect(try await stakeholder.transactions() == 0)
    }

    /// Four bytes of calldata, and what an amount of 1000 BLIND looks like as a word.
    private static let (approves, allows, stakes) = ("095ea7b3", "dd62ed3e", "a694fc3a")
    private static let thousand = "0x" + String(repeating: "0", count: 46) + "3635c9adc5dea00000"

    private static let faults: [(faults: [(String, JSONValue)], words: [String])] = [
        ([("eth_getCode", ["result": "0x"])], ["There is no contract at", "Correct its address, or rpc_url"]),
        ([("eth_call", ["result": "0x", "about": [.string(approves)]])], ["is another one than it should be"]),
        (
            [
                (
                    "eth_call",
                    ["error": ["code": 3, "message": "execution reverted", "data": "0x"], "about": [.string(stakes)]]
                )
            ], ["refused without a reason", "Nothing was sent"]
        ),
        ([("eth_estimateGas", ["result": "0x1ffffff"])], ["asks for 43630759 gas", "Try another rpc_url"]),
        ([("eth_getBalance", ["result": "0x1"])], ["0.000000000000000001 ETH", "Send it some"]),
        (
            [("eth_sendRawTransaction", ["error": ["code": -32000, "message": "transaction type not supported"]])],
            ["refused the transaction (transaction type not supported)", "blindference-node balance"]
        ),
        // The simulations lie, and so does the allowance.
        (
            [
                ("eth_call", ["result": .string(thousand), "about": [.string(allows)]]),
                ("eth_call", ["result": .string(thousand), "about": [.string(allows)]]),
                ("eth_call", ["result": "0x", "about": [.string(stakes)]]),
                ("eth_estimateGas", ["result": "0x30d40"]),
                ("eth_call", ["result": "0x", "about": [.string(stakes)]]),
            ], ["may not take this much BLIND", "failed and cost its gas", "give the command again"]
        ),
        ([("eth_getTransactionCount", ["result": "0x9", "about": ["pending"]])], ["Stop it, then try again"]),
        ([("eth_call", ["http": 503])], ["answers with status 503", "set another rpc_url"]),
        (
            [("eth_getBalance", ["error": ["code": -32000, "message": "header not found"]])],
            ["header not found (-32000)", "set another rpc_url"]
        ),
        ([("eth_chainId", ["result": 5])], ["does not answer in JSON-RPC", "Check rpc_url"]),
        (
            [("eth_getTransactionReceipt", ["with": ["logs": []]])],
            ["went through, but did not do what it was for", "Check the contracts' addresses"]
        ),
    ]

    @Test("what goes wrong with a transaction is said in a sentence, with the next step", arguments: faults.indices)
    func sentences(index: Int) async throws {
        let stakeholder = try await Stakeholder()
        defer { stakeholder.remove() }
        let (faults, words) = Self.faults[index]
        for (method, actions) in Dictionary(grouping: faults, by: \.0) {
            // One kind of lie goes on, several come one after the other.
            let script = actions.count == 1 ? Array(repeating: actions[0].1, count: 500) : actions.map(\.1)
            try await stakeholder.chain.ask("dev_fault", .string(method), .array(script))
        }
        let result = try await stakeholder.run("staking", "stake", "1000", "--yes")
        #expect(result.status == 1)
        let text = result.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for words in words { #expect(text.contains(words), "\(text)") }
    }

    @Test("nothing is sent where a wallet cannot be held, or the journal takes nothing: a sentence says why")
    func folder() async throws {
        let stakeholder = try await Stakeholder()
        defer { stakeholder.remove() }
        let lock = stakeholder.operating.file("transactions.lock")
        try FileManager.default.createDirectory(atPath: lock, withIntermediateDirectories: false)
        let busy = try await stakeholder.run("staking", "stake", "1000", "--yes")
        #expect(busy.status == 1 && busy.output.contains("or the folder cannot be written to"), "\(busy.output)")
        try FileManager.default.removeItem(atPath: lock)
        let full = "CREATE TRIGGER full BEFORE INSERT ON chain_transaction BEGIN SELECT RAISE(FAIL, 'full'); END"
        try await stakeholder.journal(full)
        let unrecorded = try await stakeholder.run("staking", "stake", "1000", "--yes")
        #expect(unrecorded.output.contains("The journal takes nothing"), "\(unrecorded.output)")
        #expect(try await stakeholder.transactions() == 0)
    }

    @Test("two nodes with folders of their own on one key pay for nothing twice, and leave no allowance")
    func oneKey() async throws {
        let (first, second) = (try await Stakeholder(), try Operator())
        defer {
            first.remove()
            second.remove()
        }
        let exported = try await first.operating.run("wallet", "export-keystore", second.file("other.json"))
        #expect(exported.status == 0)
        let imported = try await second.run(
            "wallet", "import", second.file("other.json"), "--password-file", second.file("password"))
        #expect(imported.status == 0, "\(imported.output)")
        async let one = first.run("staking", "stake", "1000", "--yes")
        async let other = second.run(
            "staking", "stake", "1000", "--yes", "--password-file", second.file("password"),
            environment: first.settings)
        let ends = try await [one, other]
        let succeeded = ends.filter { $0.status == 0 }.count
        let status = try await first.status()
        #expect(succeeded >= 1, "\(ends)")
        #expect(status["staked"]?.text == String(1000 * succeeded), "\(ends)")
        #expect(status["allowance"]?.text == "0", "\(ends)")
    }

    @Test("two failures in a row are a warning: the third takes the whole stake")
    func warning() async throws {
        let stakeholder = try await Stakeholder()
        defer { stakeholder.remove() }
        _ = try await stakeholder.run("staking", "stake", "1000", "--yes")
        for _ in 0..<2 { try await stakeholder.recordFailure() }
        let shown = try await stakeholder.run("staking", "status")
        #expect(shown.output.contains("the next failure takes the whole stake"), "\(shown.output)")
        #expect(try await stakeholder.status()["consecutiveFailures"] == 2)
        try await stakeholder.recordFailure()
        #expect(try await stakeholder.status()["staked"]?.text == "0")
    }

    @Test("the balance is exact, and says how many heartbeats it pays for")
    func balance() async throws {
        let stakeholder = try await Stakeholder()
        defer { stakeholder.remove() }
        let result = try await stakeholder.run("balance", "--format", "json")
        let found = try JSONValue(parsing: Array(result.output.utf8))
        #expect(found["blind"]?.text == "10000" && found["eth"]?.text == "10")
        #expect(found["heartbeats"]?.int ?? 0 > 100_000)
        #expect(found["address"]?.text == stakeholder.address)
        func shown(_ address: String) async throws -> [String: String] {
            let result = try await stakeholder.run(["balance"], ["BLF_NODE_ADDRESS": address])
            #expect(result.status == 0, "\(result.output)")
            let lines = result.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            return Dictionary(
                lines.compactMap { words in words.last.map { (words.dropLast().joined(separator: " "), $0) } },
                uniquingKeysWith: { $1 })
        }
        let whole = try await shown(stakeholder.address)
        #expect(whole["BLIND"] == "10000" && whole["ETH"] == "10" && whole["Address"] == stakeholder.address)
        #expect(whole["Enough for heartbeats"] == found["heartbeats"]?.int.map(String.init))
        let poor = "0x" + String(repeating: "0", count: 35) + "b11d1"
        let nothing = try await shown(poor)
        #expect(nothing["BLIND"] == "0" && nothing["ETH"] == "0" && nothing["Enough for heartbeats"] == "0")
        // 60,000 units of gas at 0.1 gwei, four times, less a wei.
        try await stakeholder.chain.ask("dev_fund", .string(poor), .integer(4 * 6_000_000_000_000 - 1))
        let low = try await shown(poor)
        #expect(low["ETH"] == "0.000023999999999999" && low["Enough for heartbeats"] == "3", "\(low)")
    }

    @Test("a wallet moves between nodes as its encrypted keystore, and changes its password; its key is never printed")
    func wallet() async throws {
        let (first, second) = (try Operator(), try Operator())
        defer {
            first.remove()
            second.remove()
        }
        let key = String(repeating: "1f", count: 32)
        let made = try await first.run(
            "init", "--private-key-file", first.write("key", key, mode: 0o600), "--password-file",
            first.file("password"))
        #expect(made.status == 0)
        let address = try await first.run("wallet", "address")
        #expect(address.status == 0)
        let exported = try await first.run("wallet", "export-keystore", second.file("other.json"), "--format", "json")
        #expect(exported.status == 0 && exported.output.contains(#"{"keystore":"#), "\(exported.output)")
        let attributes = try FileManager.default.attributesOfItem(atPath: second.file("other.json"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try !second.read("other.json").contains(key))
        let twice = try await first.run("wallet", "export-keystore", second.file("other.json"))
        #expect(twice.status == 1, "an older copy is not written over")

        try first.write("new", "battery staple", mode: 0o600)
        let changed = try await first.run(
            "wallet", "change-password", "--password-file", first.file("password"), "--new-password-file",
            first.file("new"), "--format", "json")
        #expect(changed.status == 0 && changed.output.contains(#"{"keystore":"#), "\(changed.output)")
        let old = try await first.run(
            "wallet", "change-password", "--password-file", first.file("password"), "--new-password-file",
            first.file("new"))
        #expect(old.status == 1 && old.output.contains("password is wrong"), "\(old.output)")

        try second.write("wrong", "another", mode: 0o600)
        let refused = try await second.run(
            "wallet", "import", second.file("other.json"), "--password-file", second.file("wrong"))
        #expect(refused.status == 1 && !FileManager.default.fileExists(atPath: second.file("keystore.json")))
        let another = ["BLF_NODE_ADDRESS": "0x00000000000000000000000000000000000000AA"]
        let mistaken = try await second.run(
            "wallet", "import", second.file("other.json"), "--password-file", first.file("password"),
            environment: another)
        #expect(mistaken.status == 1 && mistaken.output.contains("0x00000000000000000000000000000000000000AA"))
        let imported = try await second.run(
            "wallet", "import", second.file("other.json"), "--password-file", first.file("password"), "--format",
            "json")
        #expect(imported.status == 0 && imported.output.contains(#"{"address":"0x"#), "\(imported.output)")
        #expect(try await second.run("wallet", "address").output == address.output)
        let foreign = try await second.run(
            "run", "--password-file", first.file("password"), environment: another)
        #expect(foreign.status == 1 && foreign.output.contains("0x00000000000000000000000000000000000000AA"))
        let again = try await second.run(
            "wallet", "import", second.file("other.json"), "--password-file", first.file("password"))
        #expect(again.status == 1 && again.output.contains("--force"))
        for printed in [made, address, exported, twice, changed, old, refused, imported, again] {
            #expect(!printed.output.lowercased().contains(key))
        }
    }
}
