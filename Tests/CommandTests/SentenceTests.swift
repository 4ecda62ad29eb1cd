import Ethereum
import Foundation
import Shared
import Supervisor
import Testing

@testable import blindference_node

/// What an operator reads where the commands' own tests cannot wait for it.
@Suite("Sentences")
struct SentenceTests {
    private static let hash = [UInt8](repeating: 0xab, count: 32)
    private static let reference = Result {
        let file = URL(filePath: #filePath).appending(path: "../../Vectors/contracts.json").standardizedFileURL
        return try JSONValue(parsing: Array(Data(contentsOf: file)))
    }

    private static let waiting: [(error: TransactionError, words: [String])] = [
        (.busy, ["Another process of this node", "Try again later"]),
        (.pending(hash: hash, refusal: nil), ["in no block yet", "Give the same command again"]),
        (
            .pending(hash: hash, refusal: "insufficient funds"),
            ["the chain refuses it now (insufficient funds)", "Cure that"]
        ),
        (.notFinal(hash: hash), ["that block may still be dropped", "Look again later"]),
        (.withoutEvent(hash: hash), ["did not do what it was for", "Check the contracts' addresses"]),
        (.noAnswer(.zero), ["is another one than it should be", "Correct its address", "Nothing was signed"]),
        (.unrecorded, ["The journal takes nothing", "Check the folder's owner and the disk"]),
    ]

    @Test("a transaction that is not known to have come about is said so, with the next step", arguments: waiting)
    func waits(_ error: TransactionError, _ words: [String]) {
        let text = Sentence.about(error)
        for words in words { #expect(text.contains(words), "\(text)") }
    }

    @Test("every reason that the network's contracts are known to give has words")
    func reverts() throws {
        guard case .object(let known) = try Self.reference.get().require("words", { $0 }) else { return }
        #expect(known.count == 40)
        for member in known {
            for revert in [Revert.message(member.key), .custom(name: member.key, arguments: [])] {
                let text = Sentence.about(revert)
                #expect(!text.contains(member.key), "\(text)")
                #expect(text.contains(/[.;] .|: blindference-node/), "what happened, and what to do: \(text)")
            }
        }
    }

    @Test("every error of the network's contracts is known by its selector")
    func selectors() throws {
        guard case .object(let known) = try Self.reference.get().require("errorsBySelector", { $0 }) else { return }
        #expect(known.count == 50)
        for member in known where !["Error(string)", "Panic(uint256)"].contains(member.value.text) {
            let selector = try #require(Hexadecimal.decode(member.key))
            let name = String(try #require(member.value.text).prefix { $0 != "(" })
            guard case .custom(name, _) = Revert(selector + [UInt8](repeating: 0, count: 96)) else {
                Issue.record("\(name)")
                continue
            }
        }
    }

    @Test("every panic of a contract has words")
    func panics() throws {
        guard case .object(let known) = try Self.reference.get().require("panicCodes", { $0 }) else { return }
        #expect(known.count == 9)
        for member in known {
            let code = try #require(UInt64(member.key.dropFirst(2), radix: 16))
            let words = try #require(member.value.text)
            let text = Sentence.about(Revert([0x4E, 0x48, 0x7B, 0x71] + Word(code).bytes))
            #expect(text.contains("failed in its own computation (\(words))"), "\(text)")
        }
        #expect(Sentence.about(Revert([0x4E, 0x48, 0x7B, 0x71] + Word(0x99).bytes)).contains("(panic 0x99)"))
    }

    @Test("what has gone wrong with a wallet or an allowance is said with the next step")
    func wallet() {
        let stands = Sentence.about(ChainFailure.allowanceStands(Amount(whole: 1000), after: .transaction(.busy)))
        for words in ["may still take 1000 BLIND", "Another process of this node", "stake again, which uses"] {
            #expect(stands.contains(words), "\(stands)")
        }
        #expect(Sentence.about(KeystoreError.wrongPasswordOrDamaged).contains("Try again, or restore"))
    }

    @Test("a peer's words come as one printable line of bounded length")
    func peers() {
        let hostile = "\u{1B}[2Jgone\r\nNothing was signed.\u{202E}\u{0}" + String(repeating: "x", count: 5000)
        for text in [
            hostile.plain(), Sentence.about(Revert(SentenceTests.errorData(hostile))),
        ] {
            #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E && $0.value != 0x7F })
            #expect(text.count < 400)
        }
        #expect("ёж 🦔 – 1".plain() == "ёж 🦔 – 1")
    }

    /// Of `Error(string)`.
    private static func errorData(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        let padding = [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
        return [0x08, 0xC3, 0x79, 0xA0] + Word(32).bytes + Word(UInt64(bytes.count)).bytes + bytes + padding
    }
}
