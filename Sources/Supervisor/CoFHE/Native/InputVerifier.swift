package import Ethereum
package import HTTPTransport
internal import Shared

/// Has the network check and take over what a helper packed: ciphertext with a proof that it is well formed. What comes
/// back is signed for this node's account, and for the chain's own signer (cofhe.md 4).
package struct InputVerifier: Sendable {
    package typealias Halves = (high: PromptKeyStoreContract.Input, low: PromptKeyStoreContract.Input)

    private let service: ServiceURL
    private let client: any HTTPClient
    private let account: Address
    private let chainID: UInt64
    /// The contract that will take the inputs.
    private let consumer: Address
    private let surroundings: Surroundings

    /// A verifier is slow and often busy; whoever waits for it has a deadline.
    private static let attempts = 20
    private static let longestPause = Duration.seconds(10)
    private static let maximumAnswer = 64 << 10
    private static let securityZone: UInt8 = 0

    package init(
        service: ServiceURL, client: any HTTPClient, account: Address, chainID: UInt64, consumer: Address,
        surroundings: Surroundings = .system
    ) {
        self.service = service
        self.client = client
        self.account = account
        self.chainID = chainID
        self.consumer = consumer
        self.surroundings = surroundings
    }

    /// What a proof is bound to: security zone, account, chain (53 bytes).
    package var metadata: [UInt8] { [InputVerifier.securityZone] + account.bytes + Word(chainID).bytes }

    func inputs(_ packed: [UInt8], on deployment: Deployment) async throws(ThresholdError) -> Halves {
        let isFirst = deployment.generation == .a
        let answer = try await verify(packed, isFirst ? "verify" : "verifyBatch", naming: isFirst ? nil : consumer)
        guard answer["status"]?.text == "success", let data = answer["data"] else { throw .refused }
        let halves =
            isFirst
            ? try signedEach(data, by: deployment.verifierSigner)
            : try signedTogether(data, by: deployment.verifierSigner)
        guard halves.high.storedHandle != halves.low.storedHandle else { throw .forged }
        return halves
    }

    private func verify(_ packed: [UInt8], _ path: String, naming consumer: Address?) async throws(ThresholdError)
        -> JSONValue
    {
        var members: [JSONValue.Member] = [
            .init("packed_list", .string(Hexadecimal.encode(packed))),
            .init("account_addr", .string(account.checksummed)),
            .init("security_zone", .integer(Int(InputVerifier.securityZone))), .init("chain_id", .integer(chainID)),
        ]
        if let consumer { members.append(.init("contract_address", .string(consumer.checksummed))) }
        guard let url = try? service.appending(path) else { throw .malformed }
        var request = HTTPRequest(.post, url)
        request.headers = [("Content-Type", "application/json")]
        request.body = JSONValue.object(members).encoded()
        // A proof takes its time.
        request.timeout = .seconds(120)
        request.maximumResponse = InputVerifier.maximumAnswer
        for attempt in 1...InputVerifier.attempts {
            if let response = try? await client.send(request) {
                switch response.status {
                case 200:
                    guard let answer = try? JSONValue(parsing: response.body) else { throw .malformed }
                    return answer
                case 429, 500...: break
                // A path that is gone is another generation's.
                case 404: throw .unknownDeployment(.verifier)
                default: throw .refused
                }
            }
            let pause =
                min(.milliseconds(250 << attempt), InputVerifier.longestPause) * (0.5 + surroundings.random() / 2)
            guard attempt < InputVerifier.attempts, (try? await surroundings.sleep(pause)) != nil else { break }
        }
        throw .unreachable
    }

    /// First generation: `[{ct_hash, signature, recid}, …]`.
    private func signedEach(_ data: JSONValue, by signer: Address?) throws(ThresholdError) -> Halves {
        guard let elements = data.elements, elements.count == 2 else { throw .malformed }
        var inputs: [PromptKeyStoreContract.Input] = []
        for element in elements {
            guard let hash = InputVerifier.hash(element), let signature = InputVerifier.signature(element) else {
                throw .malformed
            }
            try check(signature, of: Keccak256.hash(statement(hash)), by: signer)
            inputs.append(.init(handle: hash, signature: signature))
        }
        return (inputs[0], inputs[1])
    }

    /// Later generations: one signature over both, bound to the contract that takes them.
    private func signedTogether(_ data: JSONValue, by signer: Address?) throws(ThresholdError) -> Halves {
        guard let elements = data["ciphertexts"]?.elements, elements.count == 2,
            elements.allSatisfy({ $0["ct_type"]?.int == Int(CiphertextHandle.uint128) }),
            let high = InputVerifier.hash(elements[0]), let low = InputVerifier.hash(elements[1]),
            let signature = InputVerifier.signature(data)
        else { throw .malformed }
        let digests = [high, low].map { Keccak256.hash(statement($0) + consumer.bytes) }
        try check(signature, of: Keccak256.hash(Array(digests.joined())), by: signer)
        return (.init(handle: high, signature: signature), .init(handle: low, signature: signature))
    }

    private func statement(_ hash: Word) -> [UInt8] {
        hash.bytes + [CiphertextHandle.uint128, InputVerifier.securityZone] + account.bytes + Word(chainID).bytes
    }

    private func check(_ signature: [UInt8], of digest: [UInt8], by signer: Address?) throws(ThresholdError) {
        guard let signer else { return }
        guard SignerRecovery.account(of: signature, digest: digest) == signer.bytes else { throw .forged }
    }

    private static func hash(_ value: JSONValue) -> Word? {
        value["ct_hash"]?.text.flatMap { CiphertextHandle(hexadecimal: $0) }.flatMap { $0.isZero ? nil : $0.word }
    }

    /// r ‖ s ‖ v as contracts take it.
    private static func signature(_ value: JSONValue) -> [UInt8]? {
        guard let bytes = value["signature"]?.text.flatMap(Hexadecimal.decode), bytes.count == 64,
            let parity = value["recid"]?.int, (0...1).contains(parity)
        else { return nil }
        return bytes + [UInt8(27 + parity)]
    }
}
