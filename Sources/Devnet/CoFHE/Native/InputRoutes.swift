internal import Ethereum
internal import Shared

/// The verifier of inputs and the network's keys (cofhe.md 4), with a sealed box in place of ciphertext and proof: what
/// is in it is bound to its account and chain all the same, and what is taken over is signed.
struct InputRoutes {
    let vault: Vault
    let ledger: Ledger
    let clock: DevClock
    let chain: ChainReader
    /// X25519, to which helpers seal.
    let secret: [UInt8]

    /// A test key: the chain names its address.
    private static let signerKey = [UInt8](repeating: 2, count: 32)
    private static let metadataBytes = 53
    /// As long as a real one.
    private static let publicKeyBytes = 33_000

    var all: [Route] {
        [
            Route("POST", "GetNetworkPublicKey") { call in
                try InputRoutes.expectFirstZone(call)
                let key = try ToyCrypto.x25519PublicKey(of: secret)
                let padding = [UInt8](repeating: 0, count: InputRoutes.publicKeyBytes - key.count)
                return .json(["publicKey": .string("0x" + Hexadecimal.encode(key + padding))])
            },
            Route("POST", "GetCrs") { call in
                try InputRoutes.expectFirstZone(call)
                return .json(["crs": .string("0x" + Hexadecimal.encode([UInt8](repeating: 7, count: 4096)))])
            },
            Route("POST", "verify") { answer($0, version: "1") },
            Route("POST", "verifyBatch") { answer($0, version: "2") },
        ]
    }

    /// The network has keys for one security zone.
    private static func expectFirstZone(_ call: Call) throws {
        guard (try? JSONValue(parsing: call.request.body))?["securityZone"] == 0 else {
            throw Refusal(400, "bad_request", .callMalformed)
        }
    }

    private struct Taken {
        let account: Address
        let hashes: [Word]
    }

    private func answer(_ call: Call, version: String) -> Reply {
        var account: String?
        do {
            let domain = try chain.domain()
            // Each generation has one path, and does not know the other's.
            guard domain.version == version else { throw NetworkRefusal(404, "not_found", .unknownPath) }
            guard let body = try? JSONValue(parsing: call.request.body, limit: 4 << 20) else {
                throw NetworkRefusal(400, "bad_request", .callMalformed)
            }
            account = body["account_addr"]?.text
            ledger.count("verify", by: account)
            let taken = try take(body, domain)
            return .json(version == "1" ? try each(taken, domain) : try together(taken, body, domain))
        } catch let refusal as NetworkRefusal {
            if let violation = refusal.violation {
                ledger.record(violation, at: clock.now, node: account, call: call.route, detail: refusal.code)
            }
            return .json(["status": "error", "data": ["message": .string(refusal.code)]], status: refusal.status)
        } catch { return NetworkRefusal(500, "internal_error").reply }
    }

    /// Opens what was packed, and puts both values behind handles.
    private func take(_ body: JSONValue, _ domain: NativePermit.Domain) throws -> Taken {
        let malformed = NetworkRefusal(400, "invalid_proof", .callMalformed)
        guard let packed = body["packed_list"]?.text.flatMap(Hexadecimal.decode),
            let account = body["account_addr"]?.text.flatMap({ try? Address($0) }), body["security_zone"] == 0,
            body["chain_id"]?.int == Int(domain.chainID),
            let text = try? ToyCrypto.openSealed(packed, secret: secret), text.count == InputRoutes.metadataBytes + 32,
            Array(text.prefix(InputRoutes.metadataBytes)) == [0] + account.bytes + Word(domain.chainID).bytes
        else { throw malformed }
        let halves = text.suffix(32)
        let hashes = try [halves.prefix(16), halves.suffix(16)].map { half in
            let hash = ToyCrypto.random(32)
            // The chain will know it by another name.
            guard let handle = Word(bytes: hash.prefix(30) + [6, 0]),
                vault.store(Array(half), owner: account, under: handle), let word = Word(bytes: hash)
            else { throw NetworkRefusal(503, "busy") }
            return word
        }
        return Taken(account: account, hashes: hashes)
    }

    private func each(_ taken: Taken, _ domain: NativePermit.Domain) throws -> JSONValue {
        let elements = try taken.hashes.map { hash -> JSONValue in
            let signature = try InputRoutes.signature(of: hash, for: taken.account, domain)
            return [
                "ct_hash": .string("0x" + Hexadecimal.encode(hash.bytes)),
                "signature": .string("0x" + Hexadecimal.encode(signature.r + signature.s)),
                "recid": .integer(Int(signature.yParity)),
            ]
        }
        return ["status": "success", "data": .array(elements), "error": nil]
    }

    private func together(
        _ taken: Taken, _ body: JSONValue, _ domain: NativePermit.Domain
    ) throws -> JSONValue {
        guard let consumer = body["contract_address"]?.text.flatMap({ try? Address($0) }) else {
            throw NetworkRefusal(400, "bad_request", .callMalformed)
        }
        let digests = taken.hashes.map {
            Keccak256.hash(InputRoutes.statement($0, taken.account, domain) + consumer.bytes)
        }
        let signature = try InputRoutes.sign(Keccak256.hash(Array(digests.joined())))
        return [
            "status": "success",
            "data": [
                "ciphertexts": .array(
                    taken.hashes.map { ["ct_hash": .string("0x" + Hexadecimal.encode($0.bytes)), "ct_type": 6] }),
                "signature": .string("0x" + Hexadecimal.encode(signature.r + signature.s)),
                "recid": .integer(Int(signature.yParity)),
            ],
        ]
    }

    /// What the first generation's contracts want of each input.
    static func signature(of hash: Word, for account: Address, _ domain: NativePermit.Domain) throws -> Signature {
        try sign(Keccak256.hash(statement(hash, account, domain)))
    }

    private static func statement(_ hash: Word, _ account: Address, _ domain: NativePermit.Domain) -> [UInt8] {
        hash.bytes + [6, 0] + account.bytes + Word(domain.chainID).bytes
    }

    private static func sign(_ digest: [UInt8]) throws -> Signature {
        try PrivateKey.ofTests(InputRoutes.signerKey).sign(digest: digest)
    }
}

extension PrivateKey {
    /// A key that stands in this source.
    static func ofTests(_ bytes: [UInt8]) throws -> PrivateKey {
        var secret = try SecretBytes(capacity: bytes.count)
        try secret.append(public: bytes)
        return try PrivateKey(secret)
    }
}
