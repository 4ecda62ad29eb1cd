import Ethereum
import HTTPTransport
import Shared
import Synchronization

@testable import CoFHE

/// A chain that answers what a test says, by contract and selector, and a network behind another address.
final class FakeChain: HTTPClient {
    static let rpcURL = "https://rpc.example"
    static let networkURL = "https://tn.example"

    typealias Network = @Sendable (HTTPRequest) async throws(HTTPFailure) -> HTTPResponse

    private struct State {
        var words: [String: String] = [:]
        var code: Set<Address> = [Deployment.fixedTaskManager]
        var network: Network = { _ in HTTPResponse(status: 500) }
        var asked: [HTTPRequest] = []
        var questions: [String] = []
        var isAway = false
        var detections = 0
        var elapsed = Duration.zero
    }
    private let state = Mutex(State())

    /// Of generation A, with everything allowed.
    init() throws {
        set("acl()", on: Deployment.fixedTaskManager, try Vectors.accessControl().word)
        set("decryptResultSigner()", on: Deployment.fixedTaskManager, Word(0))
        set("verifierSigner()", on: Deployment.fixedTaskManager, Word(0))
        set("isAllowed(uint256,address)", on: Deployment.fixedTaskManager, Word(1))
        for form in [FakeChain.permitV2, FakeChain.acp] { set(form, on: Deployment.fixedTaskManager, Word(0)) }
        set("getEncryptedKey(bytes32)", on: FakeChain.keyStore, Word(0), Word(0))
        try setDomain()
    }

    static let keyStore = Address.known(0x77)
    static let permitV2 =
        "isAllowedWithPermission((address,uint64,address,uint256,address,bytes32,bytes,bytes),uint256)"
    static let acp =
        "isAllowedWithPermission((address,uint64,address,uint256,address,uint8,address[],bytes32[],bytes32,bytes,bytes),uint256)"

    /// What a call answers from now on; nothing for a revert.
    func set(_ function: String, on contract: Address, _ words: Word...) {
        let digits = words.map { Hexadecimal.encode($0.bytes) }.joined()
        answer(function, on: contract, words.isEmpty ? nil : digits)
    }

    func answer(_ function: String, on contract: Address, _ digits: String?) {
        let key = FakeChain.key(contract, function)
        state.withLock { $0.words[key] = digits ?? "revert" }
    }

    /// A call reverts with a custom error that has no arguments.
    func revert(_ function: String, on contract: Address, with error: String) {
        answer(function, on: contract, "revert" + FakeChain.selector(error))
    }

    func setDomain(
        fields: UInt8 = 0x0f, name: String = "ACL", version: String = "1", chain: UInt64 = Vectors.chain,
        contract: Address? = nil
    ) throws {
        let own = try Vectors.accessControl()
        let values: [ABIValue] = [
            .bytes([fields]), .string(name), .string(version), .uint(Word(chain)), .address(contract ?? own),
            .bytes([UInt8](repeating: 0, count: 32)), .array([]),
        ]
        // As arguments of a call without its selector: an answer has the same form.
        let encoded = try ContractFunction("f(bytes1,string,string,uint256,address,bytes32,uint256[])").call(values)
        answer("eip712Domain()", on: own, Hexadecimal.encode(Array(encoded.dropFirst(4))))
    }

    func setCode(_ address: Address) { state.withLock { _ = $0.code.insert(address) } }
    func network(_ network: @escaping Network) { state.withLock { $0.network = network } }
    func advance(_ duration: Duration) { state.withLock { $0.elapsed += duration } }
    func goAway() { state.withLock { $0.isAway = true } }

    /// What the network was asked, in order.
    var asked: [HTTPRequest] { state.withLock { $0.asked } }
    /// What the chain's endpoints were asked.
    var questions: [String] { state.withLock { $0.questions } }
    /// How often the contracts of the chain were looked up.
    var detections: Int { state.withLock { $0.detections } }
    var elapsed: Duration { state.withLock { $0.elapsed } }

    func native(
        _ gate: PermitGate, _ patience: SealPatience = SealPatience(), verifier: InputVerifier? = nil
    ) throws -> NativeNetwork {
        let rpc = RPCClient(
            endpoints: [try ServiceURL(FakeChain.rpcURL)], chainID: Vectors.chain, client: self,
            retries: RetryPolicy(attempts: 1, firstDelay: .zero, longestDelay: .zero, budget: .seconds(1)))
        return NativeNetwork(
            rpc: rpc, keyStore: PromptKeyStoreContract(Contract(FakeChain.keyStore, rpc)),
            service: try ServiceURL(FakeChain.networkURL), client: self, wallet: try Vectors.issuer(), gate: gate,
            verifier: verifier, patience: patience, surroundings: surroundings)
    }

    var rpc: RPCClient {
        get throws { RPCClient(endpoints: [try ServiceURL(FakeChain.rpcURL)], chainID: Vectors.chain, client: self) }
    }

    /// Waiting takes no time, and is counted.
    private var surroundings: Surroundings {
        Surroundings(
            unixTime: { 1_800_000_000 + Int(self.elapsed.components.seconds) }, elapsed: { self.elapsed },
            sleep: { duration in self.state.withLock { $0.elapsed += duration } }, random: { 0.5 })
    }

    func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        guard request.url.hasPrefix(FakeChain.rpcURL) else {
            let network = state.withLock { state in
                state.asked.append(request)
                return state.network
            }
            return try await network(request)
        }
        state.withLock { $0.questions.append(String(decoding: request.body, as: UTF8.self)) }
        guard let json = try? JSONValue(parsing: request.body), let id = json["id"]?.int,
            !state.withLock({ $0.isAway })
        else { throw .connectFailed }
        switch json["method"]?.text {
        case "eth_chainId": return answer(id, "\"0x\(String(Vectors.chain, radix: 16))\"")
        case "eth_getCode":
            let address = json["params"]?.elements?.first?.text.flatMap { try? Address($0) } ?? .zero
            return answer(id, state.withLock { $0.code.contains(address) } ? "\"0x00\"" : "\"0x\"")
        default:
            let call = json["params"]?.elements?.first
            let to = call?["to"]?.text ?? ""
            let selector = call?["data"]?.text?.prefix(10) ?? ""
            if selector == "0xde287359" { state.withLock { $0.detections += 1 } }
            let words = state.withLock { $0.words["\(to) \(selector)"] } ?? ""
            guard !words.hasPrefix("revert") else {
                let error = #"{"code":3,"message":"execution reverted","data":"0x\#(words.dropFirst(6))"}"#
                return HTTPResponse(status: 200, body: Array(#"{"jsonrpc":"2.0","id":\#(id),"error":\#(error)}"#.utf8))
            }
            return answer(id, "\"0x\(words)\"")
        }
    }

    private func answer(_ id: Int, _ result: String) -> HTTPResponse {
        HTTPResponse(status: 200, body: Array(#"{"jsonrpc":"2.0","id":\#(id),"result":\#(result)}"#.utf8))
    }

    private static func key(_ contract: Address, _ function: String) -> String {
        "\(contract.checksummed) 0x\(selector(function))"
    }

    private static func selector(_ signature: String) -> String {
        Hexadecimal.encode(Array(Keccak256.hash(Array(signature.utf8)).prefix(4)))
    }
}

extension Address {
    static func known(_ last: UInt8) -> Address { Address(bytes: [UInt8](repeating: 0, count: 19) + [last])! }
    var word: Word { Word(bytes: [UInt8](repeating: 0, count: 12) + bytes)! }
}
