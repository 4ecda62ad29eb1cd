internal import Ethereum
internal import Shared

/// A signed permission to have the issuer's ciphertexts sealed to one public key (cofhe.md 2). Whoever holds it can have
/// them decrypted in clear until it expires: it lives in memory, for one job, and is in no log, error or file.
struct Permission: Sendable {
    /// Everything that is signed, beside the domain.
    struct Terms: Sendable, Equatable {
        let issuer: Address
        /// Unix seconds.
        let expiration: UInt64
        /// X25519, 32 bytes.
        let sealingKey: [UInt8]
        /// Newer generations: exactly these, 32 bytes each.
        let handles: [[UInt8]]
        /// Newer generations: from when on the issuer may take it back, by the deployment's revoker.
        let revokerData: UInt64
    }

    let terms: Terms
    let deployment: Deployment
    let signature: Signature

    private static let scopeOfHandles: UInt64 = 2

    init(_ terms: Terms, on deployment: Deployment, chainID: UInt64, wallet: PrivateKey) throws(ThresholdError) {
        self.terms = terms
        self.deployment = deployment
        do { signature = wallet.sign(digest: try Permission.typedData(terms, deployment, chainID).digest()) } catch {
            throw .permitNotSigned
        }
    }

    /// What the wallet signs.
    static func typedData(_ terms: Terms, _ deployment: Deployment, _ chainID: UInt64) -> TypedData {
        let isFirst = deployment.generation == .a
        let name = isFirst ? "PermissionedV2IssuerSelf" : "ACPIssuerSelf"
        var message: [String: EIP712.Value] = [
            "issuer": .address(terms.issuer), "expiration": .uint(Word(terms.expiration)),
            "recipient": .address(.zero), "sealingKey": .bytes(terms.sealingKey),
        ]
        if isFirst {
            message["validatorId"] = .uint(Word(0))
            message["validatorContract"] = .address(.zero)
        } else {
            message["revokerData"] = .uint(Word(terms.revokerData))
            message["revokerContract"] = .address(deployment.revoker ?? .zero)
            message["scope"] = .uint(Word(scopeOfHandles))
            message["contracts"] = .array([])
            message["handles"] = .array(terms.handles.map { .bytes($0) })
        }
        return TypedData(
            types: [EIP712.domainType: EIP712.standardDomain, name: isFirst ? firstFields : laterFields],
            primaryType: name,
            domain: [
                "name": .string("ACL"), "version": .string(isFirst ? "1" : "2"), "chainId": .uint(Word(chainID)),
                "verifyingContract": .address(deployment.accessControl),
            ], message: message)
    }

    private static let firstFields: [EIP712.Field] = [
        .init("issuer", "address"), .init("expiration", "uint64"), .init("recipient", "address"),
        .init("validatorId", "uint256"), .init("validatorContract", "address"), .init("sealingKey", "bytes32"),
    ]
    private static let laterFields: [EIP712.Field] = [
        .init("issuer", "address"), .init("expiration", "uint64"), .init("recipient", "address"),
        .init("revokerData", "uint256"), .init("revokerContract", "address"), .init("scope", "uint8"),
        .init("contracts", "address[]"), .init("handles", "bytes32[]"), .init("sealingKey", "bytes32"),
    ]

    /// As the chain takes it.
    var argument: TaskManagerContract.Permission {
        let opening: [ABIValue] = [.address(terms.issuer), .uint(Word(terms.expiration)), .address(.zero)]
        let closing: [ABIValue] = [.bytes(terms.sealingKey), .bytes(signature.bytes), .bytes([])]
        guard deployment.generation != .a else {
            return .permitV2(opening + [.uint(Word(0)), .address(.zero)] + closing)
        }
        let scope: [ABIValue] = [
            .uint(Word(terms.revokerData)), .address(deployment.revoker ?? .zero),
            .uint(Word(Permission.scopeOfHandles)), .array([]), .array(terms.handles.map { .bytes($0) }),
        ]
        return .acp(opening + scope + closing)
    }

    /// As a member of a request's body: its key is the generation's.
    var member: JSONValue.Member {
        var members: [JSONValue.Member] = [
            .init("issuer", .string(terms.issuer.checksummed)), .init("expiration", .integer(terms.expiration)),
            .init("recipient", .string(Address.zero.checksummed)),
        ]
        if deployment.generation == .a {
            members += [
                .init("validatorId", 0), .init("validatorContract", .string(Address.zero.checksummed)),
            ]
        } else {
            members += [
                .init("revokerData", .integer(terms.revokerData)),
                .init("revokerContract", .string((deployment.revoker ?? .zero).checksummed)),
                .init("scope", .integer(Permission.scopeOfHandles)), .init("contracts", []),
                .init("handles", .array(terms.handles.map { .string("0x" + Hexadecimal.encode($0)) })),
            ]
        }
        members += [
            .init("sealingKey", .string("0x" + Hexadecimal.encode(terms.sealingKey))),
            .init("issuerSignature", .string(signature.hexadecimal)), .init("recipientSignature", "0x"),
        ]
        return .init(deployment.generation == .a ? "permit" : "acp", .object(members))
    }
}
