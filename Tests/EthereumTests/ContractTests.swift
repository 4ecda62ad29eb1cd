import Ethereum
import Shared
import Testing

@Suite("Contracts")
struct ContractTests {
    @Test("revert data is read as what it is, and never fails", arguments: Vectors.list("revertData"))
    func reverts(vector: JSONValue) throws {
        let data = try vector.requireBytes("data")
        let revert = Revert(data)
        let kind = try vector.requireText("kind")
        switch kind {
        case "Error": #expect(revert == .message(try vector.requireText("text")))
        case "Panic": #expect(revert == .panic(code: Word(UInt64(try #require(vector["code"]?.int)))))
        case "none": #expect(revert == .silent)
        case "unknown", "Error, cut short: show the selector, do not crash":
            #expect(revert == .unknown(selector: Array(data.prefix(4))))
        default:
            guard case .custom(let name, let arguments) = revert else {
                Issue.record("\(kind) was read as \(revert)")
                return
            }
            #expect(name == kind)
            let texts = try #require(vector["args"]?.elements).map { try #require($0.text) }
            #expect(
                try arguments
                    == texts.map { text in
                        text.hasPrefix("0x") ? .address(try Address(text)) : .uint(try #require(Word(decimal: text)))
                    })
        }
    }

    @Test("an event of the network's contracts is read from its log", arguments: Vectors.list("events"))
    func events(vector: JSONValue) throws {
        let signature = try vector.requireText("event")
        let topics = try #require(vector["topics"]?.elements).map { try #require($0.text.flatMap(Hexadecimal.decode)) }
        let node = try Address("0x460C2F4BBa2C9621f573D910eE99a47A7d230dEe")
        let log = EventLog(address: .zero, topics: topics, data: try vector.requireBytes("data"))
        let event = ContractEvent(signature, indexed: topics.count - 1)
        let arguments = try #require(event.arguments(of: log))
        switch event.name {
        case "Staked":
            let total = try #require(Word(decimal: "2000000000000000000000"))
            #expect(
                arguments == [
                    .address(node), .uint(try #require(Word(decimal: "1000000000000000000000"))), .uint(total),
                ])
        case "Slashed": #expect(arguments.last == .string("max_consecutive_failures"))
        case "Heartbeat": #expect(arguments == [.address(node), .uint(Word(1_779_000_600))])
        case "KeyStored":
            #expect(arguments[1] == .address(node))
            #expect(arguments[2...3] == [.uint(Word(0x601)), .uint(Word(0x600))])
            #expect(arguments[4] == .array([.address(try Address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"))]))
        default: Issue.record("\(signature) has no expectation")
        }
        // Another event, fewer topics, and data that is cut short are no such event.
        #expect(ContractEvent("Other(address)", indexed: 1).arguments(of: log) == nil)
        let bare = EventLog(address: .zero, topics: Array(topics.dropLast()), data: log.data)
        #expect(event.arguments(of: bare) == nil)
        let cut = EventLog(address: .zero, topics: topics, data: Array(log.data.dropLast(Word.byteCount)))
        #expect(event.arguments(of: cut) == nil)
    }

    @Test("an answer of nothing is an error wherever a value is due")
    func emptyAnswer() throws {
        let isActive = ContractFunction("isActive(address)", answers: "bool")
        #expect(throws: ABIError.truncated) { _ = try isActive.answer([]) }
        #expect(try isActive.answer(Word(1).bytes) == [.bool(true)])
        #expect(try ContractFunction("heartbeat()").answer([]) == [])
        #expect(try isActive.call([.address(.zero)]).count == 36)
        #expect(throws: ABIError.mismatch) { _ = try isActive.call([]) }
    }
}
