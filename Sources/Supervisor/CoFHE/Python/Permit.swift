internal import Ethereum
internal import Shared

/// A signed permission to have ciphertexts of the issuer sealed to one public key (wire.md 5). It is a bearer secret
/// while it lasts: never logged, never on disk, never in a worker.
struct Permit {
    let issuer: Address
    /// Unix seconds.
    let expiration: UInt64
    let sealingKey: [UInt8]
    let signature: Signature

    init(issuer: PrivateKey, sealingKey: [UInt8], expiration: UInt64, chainID: UInt64) throws(ThresholdError) {
        let typedData = TypedData(
            types: [
                EIP712.domainType: EIP712.standardDomain,
                "Permit": [.init("issuer", "address"), .init("expiration", "uint256"), .init("sealingKey", "bytes32")],
            ],
            primaryType: "Permit",
            domain: [
                "name": .string("CoFHE"), "version": .string("1"), "chainId": .uint(Word(chainID)),
                "verifyingContract": .address(.zero),
            ],
            message: [
                "issuer": .address(issuer.address), "expiration": .uint(Word(expiration)),
                "sealingKey": .bytes(sealingKey),
            ])
        guard sealingKey.count == 32, sealingKey.contains(where: { $0 != 0 }), let digest = try? typedData.digest()
        else {
            throw .permitNotSigned
        }
        self.issuer = issuer.address
        self.expiration = expiration
        self.sealingKey = sealingKey
        signature = issuer.sign(digest: digest)
    }

    var json: JSONValue {
        [
            "issuer": .string(issuer.checksummed), "expiration": .integer(expiration),
            "sealingKey": .string("0x" + Hexadecimal.encode(sealingKey)), "signature": .string(signature.hexadecimal),
        ]
    }
}
