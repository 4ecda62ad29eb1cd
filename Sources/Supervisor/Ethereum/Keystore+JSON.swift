internal import Shared

extension Keystore {
    /// The largest file that is read; real ones have half a kilobyte.
    package static let maximumByteCount = 64 << 10

    /// Reads a keystore's text and judges its parameters. Needs no password and takes no time.
    package init(parsing text: [UInt8]) throws(KeystoreError) {
        guard text.count <= Keystore.maximumByteCount, let json = try? JSONValue(parsing: text) else { throw .damaged }
        guard let version = json["version"] else { throw .damaged }
        guard version.int == 3 else { throw .unsupported(.version) }
        // Some old wallets wrote "Crypto"; geth and eth-account read either.
        guard let crypto = json["crypto"] ?? json["Crypto"], let cipher = crypto["cipher"]?.text else { throw .damaged }
        guard cipher == "aes-128-ctr" else { throw .unsupported(.cipher) }
        let derivation = try KeyDerivation(crypto)
        guard
            let iv = crypto["cipherparams"]?.bytes("iv", 1...AES128CTR.blockByteCount),
            let ciphertext = crypto.bytes("ciphertext", PrivateKey.byteCount...PrivateKey.byteCount),
            let mac = crypto.bytes("mac", Keccak256.byteCount...Keccak256.byteCount)
        else { throw .damaged }
        // Up to its version 0.6 eth-keyfile wrote the IV as a number, without leading zeros.
        let padding = [UInt8](repeating: 0, count: AES128CTR.blockByteCount - iv.count)
        self.init(
            address: try Keystore.readAddress(json["address"]), id: json["id"]?.text, derivation: derivation,
            iv: padding + iv, ciphertext: ciphertext, mac: mac)
    }

    /// The address stands with or without `0x`, in any case; some wallets leave it out or empty.
    private static func readAddress(_ json: JSONValue?) throws(KeystoreError) -> Address? {
        guard let json, json != .null else { return nil }
        guard let text = json.text else { throw .damaged }
        if text.isEmpty { return nil }
        guard let bytes = Hexadecimal.decode(text), let address = Address(bytes: bytes) else { throw .damaged }
        return address
    }

    /// The text of the file.
    package func encoded() -> [UInt8] {
        var members: [JSONValue.Member] = []
        if let address { members.append(.init("address", .string(Hexadecimal.encode(address.bytes)))) }
        members.append(
            .init(
                "crypto",
                [
                    "cipher": "aes-128-ctr",
                    "cipherparams": ["iv": .string(Hexadecimal.encode(iv))],
                    "ciphertext": .string(Hexadecimal.encode(ciphertext)),
                    "kdf": .string(derivation.name),
                    "kdfparams": derivation.parameters,
                    "mac": .string(Hexadecimal.encode(mac)),
                ]))
        if let id { members.append(.init("id", .string(id))) }
        members.append(.init("version", 3))
        return JSONValue.object(members).encoded()
    }
}

extension KeyDerivation {
    fileprivate init(_ crypto: JSONValue) throws(KeystoreError) {
        guard let name = crypto["kdf"]?.text, let parameters = crypto["kdfparams"] else { throw .damaged }
        let function: Function
        switch name {
        case "scrypt":
            guard let n = parameters["n"]?.int, let r = parameters["r"]?.int, let p = parameters["p"]?.int else {
                throw .damaged
            }
            function = .scrypt(ScryptCost(n: n, r: r, p: p))
        case "pbkdf2":
            guard let prf = parameters["prf"]?.text, let iterations = parameters["c"]?.int else { throw .damaged }
            guard prf == "hmac-sha256" else { throw .unsupported(.pseudorandomFunction) }
            function = .pbkdf2(iterations: iterations)
        default: throw .unsupported(.keyDerivation)
        }
        guard let salt = parameters.bytes("salt", KeyDerivation.saltLengths), let length = parameters["dklen"]?.int
        else {
            throw .damaged
        }
        try self.init(function, salt: salt, length: length)
    }

    fileprivate var name: String {
        switch function {
        case .scrypt: "scrypt"
        case .pbkdf2: "pbkdf2"
        }
    }

    fileprivate var parameters: JSONValue {
        let salt = JSONValue.string(Hexadecimal.encode(salt))
        return switch function {
        case .scrypt(let cost):
            [
                "dklen": .integer(length), "n": .integer(cost.n), "p": .integer(cost.p), "r": .integer(cost.r),
                "salt": salt,
            ]
        case .pbkdf2(let iterations):
            ["c": .integer(iterations), "dklen": .integer(length), "prf": "hmac-sha256", "salt": salt]
        }
    }
}

extension JSONValue {
    /// The bytes of a member in hexadecimal text; nil for anything else and for a length outside `range`.
    fileprivate func bytes(_ key: String, _ range: ClosedRange<Int>) -> [UInt8]? {
        guard let text = self[key]?.text, text.utf8.count <= 2 * range.upperBound + 2,
            let bytes = Hexadecimal.decode(text), range.contains(bytes.count)
        else { return nil }
        return bytes
    }
}
