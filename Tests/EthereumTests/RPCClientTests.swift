import Ethereum
import HTTPTransport
import LoopbackServer
import Shared
import Synchronization
import Testing

@Suite("JSON-RPC")
struct RPCClientTests {
    private static let chain: UInt64 = 421_614
    private static let client = Result { try CurlClient() }
    private static let balance = #""0x8ac7230489e80000""#
    private static let account = Address.zero

    /// An endpoint of the right chain that answers everything else with `answer`, given how often it was asked before.
    private static func endpoint(
        chain: UInt64 = chain, _ answer: @escaping @Sendable (_ id: Int, _ asked: Int) -> Reply
    ) throws -> LoopbackServer {
        let asked = Counter()
        return try LoopbackServer { request in
            let id = (try? JSONValue(parsing: request.body)["id"]?.int) ?? 0
            if request.text.contains("eth_chainId") { return result("\"0x\(String(chain, radix: 16))\"", id) }
            return answer(id, asked.next())
        }
    }

    private static func result(_ json: String, _ id: Int) -> Reply {
        .json(#"{"jsonrpc":"2.0","id":\#(id),"result":\#(json)}"#)
    }

    private static func error(_ json: String, _ id: Int, status: Int = 200) -> Reply {
        .json(#"{"jsonrpc":"2.0","id":\#(id),"error":\#(json)}"#, status: status)
    }

    private static func rpc(_ servers: LoopbackServer..., path: String = "") throws -> RPCClient {
        let quick = RetryPolicy(
            attempts: 3, firstDelay: .milliseconds(5), longestDelay: .milliseconds(5), budget: .seconds(120))
        return try RPCClient(
            endpoints: servers.map { try ServiceURL($0.base + path) }, chainID: chain, client: Self.client.get(),
            retries: quick, timeout: .milliseconds(500))
    }

    private static var signed: SignedTransaction {
        get throws {
            Transaction(
                chainID: chain, nonce: 0, fees: .dynamic(maximum: Word(7), tip: Word(0)), gas: 21_000, to: .zero
            ).signed(by: try PrivateKey.generate())
        }
    }

    private static let bad: [(name: String, reply: @Sendable (Int) -> Reply)] = [
        ("too many requests", { _ in .json("slow down", status: 429) }),
        ("no such key", { error(#"{"code":-32000,"message":"must be authenticated"}"#, $0, status: 401) }),
        ("not with this key", { error(#"{"code":-32001,"message":"forbidden"}"#, $0, status: 403) }),
        ("unavailable", { _ in .json("{}", status: 503) }),
        ("too many, as an answer", { error(#"{"code":-32005,"message":"limit exceeded"}"#, $0, status: 429) }),
        ("too many, with status 200", { error(#"{"code":-32005,"message":"limit exceeded"}"#, $0) }),
        ("garbage", { _ in .json("<html>") }),
        ("half an answer", { _ in .json(#"{"jsonrpc":"2.0","id":1,"resu"#) }),
        ("an answer to another question", { result("\"0x1\"", $0 + 1) }),
        ("no result", { .json(#"{"jsonrpc":"2.0","id":\#($0)}"#) }),
        ("a result of another type", { result("[1]", $0) }),
        ("a number beyond all numbers", { result("\"0x1\(String(repeating: "0", count: 64))\"", $0) }),
        ("an error without a code", { error(#"{"message":"?"}"#, $0) }),
        ("more than any answer has", { result("\"0x\(String(repeating: "0", count: 2 << 20))\"", $0) }),
        ("silence", { _ in .hang() }),
        ("the end", { _ in .close }),
    ]

    @Test("an endpoint that fails is replaced by the next, and rests", arguments: bad.indices)
    func nextEndpoint(index: Int) async throws {
        let (name, reply) = Self.bad[index]
        let bad = try Self.endpoint { id, _ in reply(id) }
        let good = try Self.endpoint { id, _ in Self.result(Self.balance, id) }
        let rpc = try Self.rpc(bad, good)
        for _ in 0..<3 { #expect(try await rpc.balance(of: Self.account) == Amount(whole: 10)) }
        // Its chain and one question, which libcurl itself asks again where a used connection ends without an answer.
        #expect(name == "the end" ? (2...4).contains(bad.requests.count) : bad.requests.count == 2, "\(name)")
    }

    @Test("an endpoint that has rested is asked for its chain again, and then takes its place again")
    func afterRest() async throws {
        let now = Mutex(Duration.zero)
        var surroundings = Surroundings.system
        surroundings.elapsed = { now.withLock { $0 } }
        let failed = Counter()
        let first = try LoopbackServer { request in
            let id = (try? JSONValue(parsing: request.body)["id"]?.int) ?? 0
            if request.text.contains("eth_chainId") { return Self.result("\"0x66eee\"", id) }
            return failed.next() == 0 ? .json("{}", status: 503) : Self.result("\"0x1\"", id)
        }
        let second = try Self.endpoint { id, _ in Self.result("\"0x2\"", id) }
        let rpc = try RPCClient(
            endpoints: [ServiceURL(first.base), ServiceURL(second.base)], chainID: Self.chain,
            client: Self.client.get(),
            timeout: .seconds(5), surroundings: surroundings)
        func answer() async throws -> Amount { try await rpc.balance(of: Self.account) }
        #expect(try await answer() == Amount(units: 2))
        now.withLock { $0 = .seconds(29) }
        #expect(try await answer() == Amount(units: 2))
        now.withLock { $0 = .seconds(31) }
        #expect(try await answer() == Amount(units: 1))
        // Turned to another chain while it rested.
        let other = try LoopbackServer { request in
            let id = (try? JSONValue(parsing: request.body)["id"]?.int) ?? 0
            guard request.text.contains("eth_chainId") else { return .json("{}", status: 503) }
            return Self.result(failed.value > 2 ? "\"0xa4b1\"" : "\"0x66eee\"", id)
        }
        let turned = try RPCClient(
            endpoints: [ServiceURL(other.base)], chainID: Self.chain, client: Self.client.get(),
            retries: RetryPolicy(attempts: 1, firstDelay: .zero, longestDelay: .zero, budget: .seconds(60)))
        await #expect(throws: RPCError.status(host: "127.0.0.1", 503)) { try await turned.balance(of: Self.account) }
        while failed.next() < 3 {}
        await #expect(throws: RPCError.wrongChain(host: "127.0.0.1", expected: Self.chain, found: 42_161)) {
            try await turned.balance(of: Self.account)
        }
    }

    @Test("an endpoint that stands alone is asked again", arguments: bad.indices)
    func again(index: Int) async throws {
        let (name, reply) = Self.bad[index]
        let server = try Self.endpoint { id, asked in asked < 2 ? reply(id) : Self.result(Self.balance, id) }
        #expect(try await Self.rpc(server).balance(of: Self.account) == Amount(whole: 10))
        let always = try Self.endpoint { id, _ in reply(id) }
        await #expect(throws: RPCError.self) { try await Self.rpc(always).balance(of: Self.account) }
        let asked = always.requests.filter { $0.text.contains("eth_getBalance") }.count
        #expect(name == "the end" ? (3...6).contains(asked) : asked == 3, "\(name): \(asked)")
    }

    @Test("an endpoint that refuses to say its chain is passed over, for a question and for a transaction")
    func silentChain() async throws {
        let refusing = try LoopbackServer { request in
            let id = (try? JSONValue(parsing: request.body)["id"]?.int) ?? 0
            return Self.error(#"{"code":-32001,"message":"no such project"}"#, id)
        }
        let hash = "\"0x" + String(repeating: "5", count: 64) + "\""
        let good = try Self.endpoint { id, _ in Self.result(Self.balance, id) }
        #expect(try await Self.rpc(refusing, good).balance(of: Self.account) == Amount(whole: 10))
        let taking = try Self.endpoint { id, _ in Self.result(hash, id) }
        try await Self.rpc(refusing, taking).send(try Self.signed)
        #expect(refusing.requests.allSatisfy { $0.text.contains("eth_chainId") })
        // Alone, its own words are what the operator reads.
        let alone = try Self.rpc(refusing)
        await #expect(throws: RPCError.refused(code: -32001, message: "no such project", data: nil)) {
            try await alone.balance(of: Self.account)
        }
        let saying = try Self.endpoint { id, _ in Self.error(#"{"code":-32000,"message":"nonce too low"}"#, id) }
        let both = try Self.rpc(refusing, saying)
        await #expect(throws: RPCError.refused(code: -32000, message: "nonce too low", data: nil)) {
            try await both.send(try Self.signed)
        }
    }

    @Test("a read waits longer after each failure, with jitter, and not beyond its budget; a transaction does not wait")
    func backOff() async throws {
        let server = try Self.endpoint { _, _ in .json("{}", status: 503) }
        let slept = Mutex<[Duration]>([])
        let now = Mutex(Duration.zero)
        var surroundings = Surroundings.system
        surroundings.random = { 1 }
        surroundings.elapsed = { now.withLock { $0 } }
        surroundings.sleep = { pause in
            slept.withLock { $0.append(pause) }
            now.withLock { $0 += pause }
        }
        func rpc(budget: Duration) throws -> RPCClient {
            try RPCClient(
                endpoints: [ServiceURL(server.base)], chainID: Self.chain, client: Self.client.get(),
                retries: RetryPolicy(
                    attempts: 5, firstDelay: .seconds(1), longestDelay: .seconds(3), budget: budget),
                surroundings: surroundings)
        }
        await #expect(throws: RPCError.self) { try await rpc(budget: .seconds(60)).balance(of: Self.account) }
        let pauses = slept.withLock { $0 }
        #expect(pauses == [.seconds(1), .seconds(2), .seconds(3), .seconds(3)])
        await #expect(throws: RPCError.self) { try await rpc(budget: .seconds(4)).balance(of: Self.account) }
        #expect(slept.withLock { $0 } == pauses + [.seconds(1), .seconds(2)])
        await #expect(throws: RPCError.self) { try await rpc(budget: .seconds(60)).send(try Self.signed) }
        #expect(slept.withLock { $0.count } == 6)
    }

    @Test("an error of the chain is final: nobody else is asked, and nothing again")
    func refused() async throws {
        let data =
            "0x08c379a0" + String(repeating: "0", count: 62) + "20" + String(repeating: "0", count: 63) + "2"
            + "6e6f" + String(repeating: "0", count: 60)
        let errors = [
            (#"{"code":3,"message":"execution reverted","data":"\#(data)"}"#, 200),
            (#"{"code":-32000,"message":"execution reverted","data":{"data":"\#(data)"}}"#, 200),
            (#"{"code":-32015,"message":"VM execution error.","data":"Reverted \#(data)"}"#, 400),
        ]
        for (json, status) in errors {
            let first = try Self.endpoint { id, _ in Self.error(json, id, status: status) }
            let second = try Self.endpoint { id, _ in Self.error(json, id, status: status) }
            let rpc = try Self.rpc(first, second)
            let call = ChainCall(from: .zero, to: .zero, data: [])
            let error = await #expect(throws: RPCError.self) { try await rpc.call(call) }
            #expect(error?.revert == .message("no"))
            #expect(first.requests.count == 2 && second.requests.isEmpty)
        }
        let bare = try Self.endpoint { id, _ in Self.error(#"{"code":-32000,"message":"execution reverted"}"#, id) }
        let rpc = try Self.rpc(bare)
        let error = await #expect(throws: RPCError.self) {
            try await rpc.call(ChainCall(from: .zero, to: .zero, data: []))
        }
        #expect(error?.revert == .silent)
    }

    @Test("a transaction that one endpoint took in silence is not refused by what the next says of it")
    func sentAndRefused() async throws {
        let transaction = try Self.signed
        let refusal = #"{"code":-32000,"message":"insufficient funds"}"#
        let refusing = try Self.endpoint { id, _ in Self.error(refusal, id) }
        let alone = await #expect(throws: RPCError.self) { try await Self.rpc(refusing).send(transaction) }
        #expect(alone == .refused(code: -32000, message: "insufficient funds", data: nil))
        let silent = try Self.endpoint { _, _ in .hang() }
        let doubtful = await #expect(throws: RPCError.self) { try await Self.rpc(silent, refusing).send(transaction) }
        #expect(doubtful == .unreachable(host: "127.0.0.1", .timedOut))
        #expect(
            silent.requests.count { $0.text.contains("eth_sendRawTransaction") } == 1, "once, whatever becomes of it")
    }

    @Test("an endpoint of another chain is asked for nothing")
    func wrongChain() async throws {
        let mainnet = try Self.endpoint(chain: 42_161) { id, _ in Self.result("\"0x1\"", id) }
        let right = try Self.endpoint { id, _ in Self.result(Self.balance, id) }
        #expect(try await Self.rpc(mainnet, right).balance(of: Self.account) == Amount(whole: 10))
        await #expect(throws: RPCError.wrongChain(host: "127.0.0.1", expected: Self.chain, found: 42_161)) {
            try await Self.rpc(mainnet).balance(of: Self.account)
        }
        #expect(mainnet.requests.allSatisfy { $0.text.contains("eth_chainId") })
    }

    @Test("an endpoint that turns to another chain is found out before the next signature")
    func chainChanges() async throws {
        let turned = Counter()
        let server = try LoopbackServer { request in
            let id = (try? JSONValue(parsing: request.body)["id"]?.int) ?? 0
            let isOther = request.text.contains("eth_chainId") && turned.value > 0
            return Self.result(isOther ? "\"0xa4b1\"" : "\"0x66eee\"", id)
        }
        let rpc = try Self.rpc(server)
        try await rpc.confirmChain()
        _ = turned.next()
        #expect(try await rpc.balance(of: Self.account) == Amount(units: 421_614))
        await #expect(throws: RPCError.wrongChain(host: "127.0.0.1", expected: Self.chain, found: 42_161)) {
            try await rpc.confirmChain()
        }
    }

    @Test("no error holds the path of an address, which carries an API key")
    func secretPath() async throws {
        let server = try Self.endpoint { _, _ in .close }
        let rpc = try Self.rpc(server, path: "/v2/secret-key?token=secret-key")
        let error = await #expect(throws: RPCError.self) { try await rpc.balance(of: Self.account) }
        #expect(server.requests.first?.target == "/v2/secret-key?token=secret-key")
        #expect(!String(reflecting: error).contains("secret-key"))
        // Some repeat what they were called by, or the one part of it that they know.
        for text in [
            "no project at /v2/secret-key?token=secret%2Bkey", "secret-key is over its limit, secret-key",
            "no key secret+key",
        ] {
            let talking = try Self.endpoint { id, _ in Self.error(#"{"code":-32000,"message":"\#(text)"}"#, id) }
            let rpc = try Self.rpc(talking, path: "/v2/secret-key?token=secret%2Bkey")
            let error = await #expect(throws: RPCError.self) { try await rpc.balance(of: Self.account) }
            guard case .refused(-32000, let message, nil) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(!message.contains("secret") && message.count > 6, "\(message)")
        }
    }
}
