import Ethereum
import Shared
import Testing

@Suite struct KeystoreTests {
    /// Cheap enough for every test.
    static let cost = ScryptCost(n: 1024, r: 8, p: 1)

    private func open(_ json: JSONValue, password: String) throws -> PrivateKey {
        try Keystore(parsing: json.encoded()).open(password: Vectors.secret(password))
    }

    @Test("a keystore of another program opens with its password", arguments: Vectors.list("keystores"))
    func vectors(vector: JSONValue) throws {
        let key = try open(vector.requireMember("json"), password: vector.requireText("password"))
        let expected =
            if let name = vector["key"]?.text { try Vectors.key(name) } else {
                try PrivateKey(hexadecimal: Vectors.secret(vector.requireText("privateKey")))
            }
        #expect(key.address == expected.address)
    }

    private static let refusals: [String: KeystoreError] = [
        "wrong password": .wrongPasswordOrDamaged,
        "wrong password or damaged file": .wrongPasswordOrDamaged,
        "key does not match the address in the file": .addressMismatch,
        "address does not match": .addressMismatch,
        "refused before any memory is taken": .parametersTooLarge,
        "refused": .parametersTooLarge,
        "damaged file": .damaged,
    ]
    private static let unsupported: [String: KeystoreError] = [
        "version 4": .unsupported(.version), "another cipher": .unsupported(.cipher),
        "another prf": .unsupported(.pseudorandomFunction),
    ]

    @Test("a bad keystore is refused for its own reason", arguments: Vectors.list("keystoresRefuse"))
    func refuse(vector: JSONValue) throws {
        let expect = try vector.requireText("expect")
        let name = try vector.requireText("name")
        let expected = try #require(KeystoreTests.refusals[expect] ?? KeystoreTests.unsupported[name])
        let json = try vector.requireMember("json")
        let password = try vector.requireText("password")
        #expect(throws: expected) { try open(json, password: password) }
        switch expected {
        case .wrongPasswordOrDamaged, .addressMismatch: break
        // Anything that can be told without the password is told by reading alone, so before any memory is taken.
        default: #expect(throws: expected) { try Keystore(parsing: json.encoded()) }
        }
    }

    private func scrypt() throws -> JSONValue { try keystore("scrypt, light") }
    private func pbkdf2() throws -> JSONValue { try keystore("pbkdf2, light") }

    private func keystore(_ name: String) throws -> JSONValue {
        let vector = Vectors.list("keystores").first { $0["name"]?.text == name }
        return try #require(vector).requireMember("json")
    }

    private func refusal(_ json: JSONValue, _ path: [String], _ value: JSONValue) -> KeystoreError? {
        do throws(KeystoreError) {
            _ = try Keystore(parsing: json.setting(path, to: value).encoded())
            return nil
        } catch { return error }
    }

    @Test(
        "parameters are taken up to their limits and refused beyond",
        arguments: [
            ("n", 1 << 19, nil), ("n", 1 << 20, .parametersTooLarge), ("n", 1 << 62, .parametersTooLarge),
            ("n", 0, .damaged), ("n", 1, .damaged), ("n", -4096, .damaged), ("n", Int.min, .damaged),
            ("r", 1024, nil), ("r", 1025, .parametersTooLarge), ("r", 0, .damaged), ("r", Int.max, .parametersTooLarge),
            ("p", 128, nil), ("p", 129, .parametersTooLarge), ("p", 0, .damaged), ("p", Int.max, .parametersTooLarge),
            ("dklen", 64, nil), ("dklen", 65, .damaged), ("dklen", 31, .damaged), ("dklen", -1, .damaged),
        ] as [(String, Int, KeystoreError?)])
    func scryptLimits(name: String, value: Int, expected: KeystoreError?) throws {
        let found = refusal(try scrypt(), ["crypto", "kdfparams", name], .integer(value))
        #expect(found == expected)
    }

    @Test("the work of scrypt is bounded also where its memory is")
    func work() throws {
        let json = try scrypt().setting(["crypto", "kdfparams", "n"], to: .integer(1 << 18))
        #expect(refusal(json, ["crypto", "kdfparams", "p"], 32) == nil)
        #expect(refusal(json, ["crypto", "kdfparams", "p"], 33) == .parametersTooLarge)
    }

    @Test(
        "iterations are taken up to ten million",
        arguments: [
            (1, nil), (10_000_000, nil), (10_000_001, .parametersTooLarge), (0, .damaged), (-1, .damaged),
        ] as [(Int, KeystoreError?)])
    func iterations(count: Int, expected: KeystoreError?) throws {
        #expect(refusal(try pbkdf2(), ["crypto", "kdfparams", "c"], .integer(count)) == expected)
    }

    @Test("members of a wrong length or kind are refused")
    func members() throws {
        func zeros(_ count: Int) -> JSONValue { .string(String(repeating: "00", count: count)) }
        let json = try scrypt()
        #expect(refusal(json, ["crypto", "kdfparams", "salt"], "") == .damaged)
        #expect(refusal(json, ["crypto", "kdfparams", "salt"], zeros(256)) == nil)
        #expect(refusal(json, ["crypto", "kdfparams", "salt"], zeros(257)) == .damaged)
        #expect(refusal(json, ["crypto", "cipherparams", "iv"], zeros(17)) == .damaged)
        #expect(refusal(json, ["crypto", "cipherparams", "iv"], "") == .damaged)
        #expect(refusal(json, ["crypto", "ciphertext"], zeros(31)) == .damaged)
        #expect(refusal(json, ["crypto", "ciphertext"], zeros(33)) == .damaged)
        #expect(refusal(json, ["crypto", "mac"], zeros(31)) == .damaged)
        #expect(refusal(json, ["crypto", "kdf"], "argon2id") == .unsupported(.keyDerivation))
        #expect(refusal(json, ["crypto", "kdfparams", "n"], "4096") == .damaged)
        #expect(refusal(json, ["address"], "460C") == .damaged)
        #expect(refusal(json, ["address"], 1) == .damaged)
        #expect(refusal(json, ["version"], "3") == .unsupported(.version))
        #expect(throws: KeystoreError.damaged) { try Keystore(parsing: []) }
        #expect(throws: KeystoreError.damaged) { try Keystore(parsing: [UInt8](repeating: 0x20, count: 65537)) }
    }

    @Test("a keystore without an address opens, with a prefixed one too")
    func addressForms() throws {
        let json = try scrypt()
        let node = try Vectors.key("node").address
        for form: JSONValue in [.null, "", .string(node.checksummed), .string(node.checksummed.lowercased())] {
            #expect(try open(json.setting(["address"], to: form), password: "correct horse").address == node)
        }
    }

    @Test("an IV that was written as a number, without its leading zero, still opens")
    func shortIV() throws {
        let json = try Keystore(
            sealing: Vectors.key("node"), password: Vectors.secret("x"), cost: KeystoreTests.cost)
        var tries = 0
        var keystore = json
        // One IV in 256 starts with a zero byte.
        while tries < 8192, try !ivText(of: keystore).hasPrefix("00") {
            keystore = try Keystore(
                sealing: Vectors.key("node"), password: Vectors.secret("x"), cost: ScryptCost(n: 2, r: 1, p: 1))
            tries += 1
        }
        let iv = try ivText(of: keystore)
        try #require(iv.hasPrefix("00"))
        let text = try JSONValue(parsing: keystore.encoded())
            .setting(["crypto", "cipherparams", "iv"], to: .string(String(iv.dropFirst(2))))
        #expect(try open(text, password: "x").address == Vectors.key("node").address)
    }

    private func ivText(of keystore: Keystore) throws -> String {
        try #require(JSONValue(parsing: keystore.encoded())["crypto"]?["cipherparams"]?["iv"]?.text)
    }

    @Test("what is sealed opens again, with that password alone", arguments: ["", "pässwörd ☃", "a\nb\u{0}c"])
    func roundTrip(password: String) throws {
        let key = try PrivateKey.generate()
        let keystore = try Keystore(sealing: key, password: Vectors.secret(password), cost: KeystoreTests.cost)
        let read = try Keystore(parsing: keystore.encoded())
        #expect(read == keystore)
        #expect(try read.open(password: Vectors.secret(password)).address == key.address)
        #expect(throws: KeystoreError.wrongPasswordOrDamaged) {
            try read.open(password: Vectors.secret(password + " "))
        }
    }

    @Test("sealing twice repeats neither salt, IV, id nor ciphertext")
    func fresh() throws {
        let key = try PrivateKey.generate()
        let texts = try (0..<2).map { _ in
            try JSONValue(
                parsing: Keystore(sealing: key, password: Vectors.secret("x"), cost: KeystoreTests.cost).encoded())
        }
        for path in [["id"], ["crypto", "ciphertext"], ["crypto", "cipherparams"], ["crypto", "kdfparams", "salt"]] {
            let values = texts.map { text in path.reduce(text as JSONValue?) { $0?[$1] } }
            #expect(values[0] != nil)
            #expect(values[0] != values[1])
        }
        let id = try #require(texts[0]["id"]?.text)
        #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
        #expect(texts[0]["address"]?.text == String(key.address.checksummed.lowercased().dropFirst(2)))
    }

    @Test("a cost beyond the limits is refused in writing as in reading")
    func costs() throws {
        let key = try PrivateKey.generate()
        #expect(throws: KeystoreError.parametersTooLarge) {
            try Keystore(sealing: key, password: Vectors.secret("x"), cost: ScryptCost(n: 1 << 40, r: 8, p: 1))
        }
        #expect(throws: KeystoreError.damaged) {
            try Keystore(sealing: key, password: Vectors.secret("x"), cost: ScryptCost(n: 1000, r: 8, p: 1))
        }
    }
}
