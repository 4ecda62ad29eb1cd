import Shared
import TestChain
import Testing

@Suite("The chain that the tests share")
struct TestChainTests {
    /// No other test has such a chain.
    private static let grace = 12_345
    private static let someone = "0x00000000000000000000000000000000000B11d1"

    @Test("a chain that was let go serves the next test as if it were new, whatever the last one did to it")
    func takenAgain() async throws {
        let (url, new) = try await leaveAMess()
        let chain = try await TestChain(grace: Self.grace)
        #expect(chain.url == url)
        #expect(try await Self.look(chain) == new)
        try await chain.ask("dev_fund", .string(Self.someone), "0x1")
        #expect(try await chain.ask("eth_getBalance", .string(Self.someone), "latest") == "0x1", "it mines by itself")
        let drift = try await Self.time(chain) - Self.time(chain, "0x1")
        #expect((0..<900).contains(drift), "\(drift) s")
    }

    @Test("two tests at once have a chain each")
    func apart() async throws {
        // One is free by then, and goes to one of them alone.
        _ = try await TestChain(grace: Self.grace + 1)
        let one = try await TestChain(grace: Self.grace + 1)
        let other = try await TestChain(grace: Self.grace + 1)
        #expect(one.url != other.url)
    }

    private func leaveAMess() async throws -> (url: String, new: [JSONValue]) {
        let chain = try await TestChain(grace: Self.grace)
        let new = try await Self.look(chain)
        try await chain.ask("evm_setAutomine", false)
        try await chain.ask("dev_fund", .string(Self.someone), "0x5")
        // Deep enough to lose blocks that stood before the first test came.
        try await chain.ask("dev_reorg", 5, false)
        try await chain.ask("dev_setFinalityLag", 2)
        try await chain.ask("dev_advanceTime", 1000)
        try await chain.ask("evm_setNextBlockTimestamp", 2_000_000_000)
        try await chain.ask("dev_setBaseFee", 777)
        try await chain.fault("eth_getBalance", ["http": 503], count: 9)
        return (chain.url, new)
    }

    private static func time(_ chain: TestChain, _ block: JSONValue = "latest") async throws -> Int {
        let text = try await chain.ask("eth_getBlockByNumber", block, false)["timestamp"]?.text
        return try #require((text?.dropFirst(2)).flatMap { Int($0, radix: 16) })
    }

    private static func look(_ chain: TestChain) async throws -> [JSONValue] {
        let account: JSONValue = .string(someone)
        return [
            try await chain.ask("eth_getBlockByNumber", "latest", true),
            try await chain.ask("eth_getBlockByNumber", "finalized", false),
            try await chain.ask("eth_getBlockByNumber", "0x3", true),
            try await chain.ask("eth_gasPrice"),
            try await chain.ask("eth_getBalance", account, "latest"),
            try await chain.ask("eth_getTransactionCount", .string(chain.deployer), "pending"),
        ]
    }
}
