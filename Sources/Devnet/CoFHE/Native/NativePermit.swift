package import Ethereum
package import Shared

/// A permit of the native protocol, of either generation (cofhe.md 2), as a service reads it.
///
/// Digests are written out for these two types: the node has a general encoder, whose errors should show here.
package struct NativePermit: Sendable {
    /// The contract that permits are signed for, and its generation by the domain's version.
    package struct Domain: Sendable, Equatable {
        package let chainID: UInt64
        package let accessControl: Address
        /// `1` for permits, `2` for ACPs.
        package let version: String
        /// By whom an ACP can be taken back; zero where nobody can.
        package let revoker: Address

        package init(chainID: UInt64, accessControl: Address, version: String, revoker: Address = .zero) {
            self.chainID = chainID
            self.accessControl = accessControl
            self.version = version
            self.revoker = revoker
        }

        var key: String { version == "1" ? "permit" : "acp" }

        /// As `GET /dev/cofhe` says it.
        var members: [JSONValue.Member] {
            [
                .init("chainID", .integer(chainID)), .init("version", .string(version)),
                .init("accessControl", .string(accessControl.checksummed)),
                .init("revoker", .string(revoker.checksummed)),
            ]
        }

        package init(_ value: JSONValue) throws {
            chainID = UInt64(try value.requireInt("chainID"))
            accessControl = try Address(value.requireText("accessControl"))
            version = try value.requireText("version")
            revoker = try Address(value.requireText("revoker"))
        }
    }

    package let issuer: Address
    /// Unix seconds.
    package let expiration: UInt64
    package let sealingKey: [UInt8]
    /// Of an ACP: the only ones it is for.
    package let handles: [Word]
    /// Of an ACP: its name at the revoker; 0 where there is none.
    let revokerData: UInt64
    let signature: Signature

    /// Throws the refusal of a permit that is missing, malformed, too old, or not its issuer's.
    init(_ body: JSONValue, domain: Domain, now: Double) throws {
        let name = domain.key
        guard let value = body[name] else { throw NetworkRefusal(400, name + "_required", .permitMalformed) }
        let malformed = NetworkRefusal(400, name + "_malformed", .permitMalformed)
        let zero = Address.zero.checksummed
        guard let issuerText = value["issuer"]?.text, let issuer = try? Address(issuerText),
            let expiration = value["expiration"]?.int, expiration > 0, value["recipient"]?.text == zero,
            let sealingText = value["sealingKey"]?.text, sealingText.utf8.count == 66,
            let sealingKey = Hexadecimal.decode(sealingText), sealingKey.contains(where: { $0 != 0 }),
            let signature = value["issuerSignature"]?.text.flatMap({ try? Signature(hexadecimal: $0) }),
            value["recipientSignature"]?.text == "0x"
        else { throw malformed }
        guard issuer.checksummed == issuerText else {
            throw NetworkRefusal(400, name + "_malformed", .addressNotChecksummed)
        }
        var handles: [Word] = []
        var revokerData = 0
        if domain.version == "1" {
            guard value["validatorId"] == 0, value["validatorContract"]?.text == zero else { throw malformed }
        } else {
            let texts = value["handles"]?.elements?.map { $0.text ?? "" } ?? []
            handles = texts.compactMap { $0.utf8.count == 66 ? HandleText.parse(hexadecimal: $0) : nil }
            revokerData = value["revokerData"]?.int ?? -1
            guard value["scope"] == 2, value["contracts"] == [], handles.count == texts.count, !handles.isEmpty,
                domain.revoker == .zero ? revokerData == 0 : revokerData > 0,
                value["revokerContract"]?.text == domain.revoker.checksummed
            else { throw malformed }
        }
        self.issuer = issuer
        self.expiration = UInt64(expiration)
        self.sealingKey = sealingKey
        self.handles = handles
        self.revokerData = UInt64(revokerData)
        self.signature = signature
        guard now < Double(expiration) else { throw NetworkRefusal(401, name + "_expired", .permitExpired) }
        let digest = NativePermit.digest(issuer, UInt64(expiration), sealingKey, handles, self.revokerData, domain)
        guard (try? signature.recoverAddress(digest: digest)) == issuer else {
            throw NetworkRefusal(401, name + "_invalid", .permitSignatureWrong)
        }
    }

    /// What `key` would send for itself, as the member of a request.
    package static func member(
        by key: PrivateKey, expiration: UInt64, sealingKey: [UInt8], handles: [Word], revokerData: UInt64 = 0,
        domain: Domain
    ) -> JSONValue.Member {
        let signature = key.sign(digest: digest(key.address, expiration, sealingKey, handles, revokerData, domain))
        let zero = JSONValue.string(Address.zero.checksummed)
        let scope: [JSONValue.Member] =
            domain.version == "1"
            ? [.init("validatorId", 0), .init("validatorContract", zero)]
            : [
                .init("revokerData", .integer(revokerData)),
                .init("revokerContract", .string(domain.revoker.checksummed)), .init("scope", 2),
                .init("contracts", []),
                .init("handles", .array(handles.map { .string("0x" + Hexadecimal.encode($0.bytes)) })),
            ]
        return .init(
            domain.key,
            .object(
                [
                    .init("issuer", .string(key.address.checksummed)), .init("expiration", .integer(expiration)),
                    .init("recipient", zero),
                ] + scope + [
                    .init("sealingKey", .string("0x" + Hexadecimal.encode(sealingKey))),
                    .init("issuerSignature", .string(signature.hexadecimal)), .init("recipientSignature", "0x"),
                ]))
    }

    private static func digest(
        _ issuer: Address, _ expiration: UInt64, _ sealingKey: [UInt8], _ handles: [Word], _ revokerData: UInt64,
        _ domain: Domain
    ) -> [UInt8] {
        func word(_ address: Address) -> [UInt8] { [UInt8](repeating: 0, count: 12) + address.bytes }
        let zero = [UInt8](repeating: 0, count: 32)
        let separator = Keccak256.hash(
            hash("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)") + hash("ACL")
                + hash(domain.version) + Word(domain.chainID).bytes + word(domain.accessControl))
        let start = word(issuer) + Word(expiration).bytes + zero
        let terms =
            domain.version == "1"
            ? hash(
                "PermissionedV2IssuerSelf(address issuer,uint64 expiration,address recipient,uint256 validatorId,"
                    + "address validatorContract,bytes32 sealingKey)") + start + zero + zero + sealingKey
            : hash(
                "ACPIssuerSelf(address issuer,uint64 expiration,address recipient,uint256 revokerData,"
                    + "address revokerContract,uint8 scope,address[] contracts,bytes32[] handles,bytes32 sealingKey)")
                + start + Word(revokerData).bytes + word(domain.revoker) + Word(2).bytes + Keccak256.hash([])
                + Keccak256.hash(Array(handles.map(\.bytes).joined())) + sealingKey
        return Keccak256.hash([0x19, 0x01] + separator + Keccak256.hash(terms))
    }

    private static func hash(_ text: String) -> [UInt8] { Keccak256.hash(Array(text.utf8)) }
}
