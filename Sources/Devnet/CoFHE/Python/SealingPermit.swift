package import Ethereum
internal import Shared

/// The permit of the python dialect: its issuer may have values sealed to `sealingKey` until `expiration`.
package struct SealingPermit: Sendable {
    package let issuer: Address
    /// Unix seconds.
    package let expiration: Int
    /// X25519, 32 bytes.
    package let sealingKey: [UInt8]
    package let signature: Signature

    static let chainID: UInt64 = 421_614

    package init(issuer: Address, expiration: Int, sealingKey: [UInt8], signature: Signature) {
        self.issuer = issuer
        self.expiration = expiration
        self.sealingKey = sealingKey
        self.signature = signature
    }

    /// A permit that `key` issues to itself.
    package init(issuedBy key: PrivateKey, expiration: Int, sealingKey: [UInt8]) {
        let digest = SealingPermit.digest(issuer: key.address, expiration: expiration, sealingKey: sealingKey)
        self.init(
            issuer: key.address, expiration: expiration, sealingKey: sealingKey, signature: key.sign(digest: digest))
    }

    /// Throws the refusal of a permit that is malformed in type, casing or length.
    init(_ value: JSONValue) throws {
        guard let issuerText = value["issuer"]?.text, let issuer = try? Address(issuerText),
            let expiration = value["expiration"]?.int, expiration > 0,
            let sealingText = value["sealingKey"]?.text, sealingText.utf8.count == 66, sealingText.hasPrefix("0x"),
            let sealingKey = Hexadecimal.decode(sealingText),
            let signatureText = value["signature"]?.text, signatureText.utf8.count == 132,
            signatureText.hasPrefix("0x"), let signature = try? Signature(hexadecimal: signatureText)
        else { throw RPCRefusal(.invalidParameters, "malformed permit", .permitMalformed) }
        guard issuer.checksummed == issuerText else {
            throw RPCRefusal(.invalidParameters, "issuer is not checksummed", .addressNotChecksummed)
        }
        self.init(issuer: issuer, expiration: expiration, sealingKey: sealingKey, signature: signature)
    }

    var json: JSONValue {
        [
            "issuer": .string(issuer.checksummed), "expiration": .integer(expiration),
            "sealingKey": .string("0x" + Hexadecimal.encode(sealingKey)), "signature": .string(signature.hexadecimal),
        ]
    }

    /// Throws unless the issuer signed it and it has not expired.
    func check(now: Double) throws {
        guard now < Double(expiration) else { throw RPCRefusal(.refused, "permit expired", .permitExpired) }
        let digest = SealingPermit.digest(issuer: issuer, expiration: expiration, sealingKey: sealingKey)
        guard (try? signature.recoverAddress(digest: digest)) == issuer else {
            throw RPCRefusal(.refused, "permit is not signed by its issuer", .permitSignatureWrong)
        }
    }

    /// The EIP-712 digest, written out for this one type: the node has a general encoder, whose errors should show here.
    package static func digest(issuer: Address, expiration: Int, sealingKey: [UInt8]) -> [UInt8] {
        let domainType = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        let domain = Keccak256.hash(
            hash(domainType) + hash("CoFHE") + hash("1") + Word(chainID).bytes + [UInt8](repeating: 0, count: 32))
        let permitType = "Permit(address issuer,uint256 expiration,bytes32 sealingKey)"
        let permit = Keccak256.hash(
            hash(permitType) + [UInt8](repeating: 0, count: 12) + issuer.bytes
                + Word(UInt64(clamping: expiration)).bytes + sealingKey)
        return Keccak256.hash([0x19, 0x01] + domain + permit)
    }

    private static func hash(_ text: String) -> [UInt8] { Keccak256.hash(Array(text.utf8)) }
}
