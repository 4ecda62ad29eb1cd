package import Ethereum
internal import Shared

/// A chain on this machine, as coordinator and threshold network read it: which handles stand in the key store, and who
/// may have them decrypted.
package struct ChainReader: Sendable {
    package enum Failure: Error { case refused, malformedAnswer }

    private static let getEncryptedKey = ContractFunction("getEncryptedKey(bytes32)", answers: "uint256,uint256")
    private static let isAllowed = ContractFunction("isAllowed(uint256,address)", answers: "bool")
    private static let acl = ContractFunction("acl()", answers: "address")
    private static let eip712Domain = ContractFunction(
        "eip712Domain()", answers: "bytes1,string,string,uint256,address,bytes32,uint256[]")
    private static let revoker = ContractFunction("defaultRevokerContract()", answers: "address")
    private static let disabled = ContractFunction("disabled(address,uint256)", answers: "bool")
    private static let storeKey = ContractFunction(
        "storeKey(bytes32,(uint256,uint8,uint8,bytes),(uint256,uint8,uint8,bytes),address[])")

    private let client: LoopbackClient
    private let keyStore: Address
    /// Where CoFHE's task manager is on every chain (cofhe.md 0).
    private let taskManager: Address

    /// - Parameter url: of the RPC endpoint: `http://127.x.y.z:port`.
    package init(url: String, keyStore: Address) throws {
        client = try LoopbackClient(url: url)
        self.keyStore = keyStore
        taskManager = try Address("0xeA30c4B8b44078Bbf8a6ef5b9f1eC1626C7848D9")
    }

    /// The halves under `id` (32 bytes); zeros where there are none.
    func handles(under id: [UInt8]) throws -> (high: Word, low: Word) {
        guard case .uint(let high) = try read(keyStore, ChainReader.getEncryptedKey, .bytes(id))[0],
            case .uint(let low) = try read(keyStore, ChainReader.getEncryptedKey, .bytes(id))[1]
        else { throw Failure.malformedAnswer }
        return (high, low)
    }

    func mayRead(_ handle: Word, _ account: Address) throws -> Bool {
        try read(taskManager, ChainReader.isAllowed, .uint(handle), .address(account))[0] == .bool(true)
    }

    /// What permits are signed for on this chain.
    func domain() throws -> NativePermit.Domain {
        guard case .address(let accessControl) = try read(taskManager, ChainReader.acl)[0] else {
            throw Failure.malformedAnswer
        }
        let fields = try read(accessControl, ChainReader.eip712Domain)
        guard case .string(let version) = fields[2], case .uint(let chain) = fields[3], let chainID = UInt64(chain),
            case .address(let revoker) = try read(accessControl, ChainReader.revoker)[0]
        else { throw Failure.malformedAnswer }
        return NativePermit.Domain(
            chainID: chainID, accessControl: accessControl, version: version, revoker: revoker)
    }

    /// Whether its issuer has taken a permit back.
    func isRevoked(_ permit: NativePermit, _ domain: NativePermit.Domain) throws -> Bool {
        guard domain.revoker != .zero else { return false }
        return try read(
            domain.revoker, ChainReader.disabled, .address(permit.issuer), .uint(Word(permit.revokerData)))[0]
            == .bool(true)
    }

    /// Stores the halves of a prompt's key for its readers, from the first account that the chain itself signs for.
    func store(_ keys: (high: Word, low: Word), under id: [UInt8], for readers: [Address]) throws {
        guard let sender = try ask("eth_accounts", []).elements?.first?.text else { throw Failure.malformedAnswer }
        let (account, domain) = (try Address(sender), try domain())
        func input(_ handle: Word) throws -> ABIValue {
            let signature = try InputRoutes.signature(of: handle, for: account, domain)
            return .tuple([.uint(handle), .uint(Word(0)), .uint(Word(6)), .bytes(signature.bytes)])
        }
        let data = try ChainReader.storeKey.call([
            .bytes(id), try input(keys.high), try input(keys.low), .array(readers.map { .address($0) }),
        ])
        _ = try ask(
            "eth_sendTransaction",
            [
                [
                    "from": .string(sender), "to": .string(keyStore.checksummed),
                    "data": .string("0x" + Hexadecimal.encode(data)),
                ]
            ])
    }

    private func read(
        _ contract: Address, _ function: ContractFunction, _ arguments: ABIValue...
    ) throws -> [ABIValue] {
        let data = "0x" + Hexadecimal.encode(try function.call(arguments))
        let answer = try ask("eth_call", [["to": .string(contract.checksummed), "data": .string(data)], "latest"])
        guard let bytes = answer.text.flatMap({ Hexadecimal.decode($0) }) else { throw Failure.malformedAnswer }
        return try function.answer(bytes)
    }

    private func ask(_ method: String, _ params: [JSONValue]) throws -> JSONValue {
        let answer = try client.json(
            "POST", "/", ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": .array(params)])
        guard let result = answer["result"] else { throw Failure.refused }
        return result
    }
}
