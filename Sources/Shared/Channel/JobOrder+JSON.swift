extension JobOrder {
    package var fields: [JSONValue.Member] {
        var fields: [JSONValue.Member] = [
            .init("role", .string(role.rawValue)), .init("model", .string(modelID)),
        ]
        fields += seal.fields
        switch backend {
        case .mock: fields.append(.init("backend", "mock"))
        case .chat(let chat): fields += [.init("backend", "chat"), .init("chat", chat.json)]
        }
        if let encryption { fields.append(.init("encryption", encryption.json)) }
        return fields
    }

    package init(_ json: JSONValue) throws(JSONError) {
        let backend: Backend
        switch try json.requireText("backend") {
        case "mock": backend = .mock
        case "chat": backend = .chat(try ChatOrder(try json.require("chat") { $0 }))
        default: throw JSONError(.wrongType)
        }
        var encryption: EncryptionOrder?
        if let member = json["encryption"] { encryption = try EncryptionOrder(member) }
        self.init(
            role: try json.require("role") { $0.text.flatMap(JobMachine.Role.init) },
            modelID: try json.requireText("model", atMost: JobLimits.modelID),
            seal: try Seal(json),
            backend: backend, encryption: encryption)
        guard (role == .leader) == (encryption != nil) else { throw JSONError(.missingKey) }
    }
}

extension JobOrder.Seal {
    fileprivate var fields: [JSONValue.Member] {
        switch self {
        case .hkdf: return [.init("seal", "hkdf")]
        case .box(let box):
            let signer: [JSONValue.Member] = box.signer.map { [.init("signer", .string(Hexadecimal.encode($0)))] } ?? []
            return [.init("seal", "box"), .init("chain", .integer(box.chainID))] + signer
        }
    }

    fileprivate init(_ json: JSONValue) throws(JSONError) {
        switch try json.requireText("seal") {
        case "hkdf": self = .hkdf
        case "box":
            var signer: [UInt8]?
            if json["signer"] != nil {
                signer = try json.require("signer") { $0.text.flatMap(Hexadecimal.decode) }
                guard signer?.count == 20 else { throw JSONError(.wrongType) }
            }
            self = .box(BoxSeal(chainID: UInt64(try json.requireInt("chain", in: 1...Int.max)), signer: signer))
        default: throw JSONError(.wrongType)
        }
    }
}

extension ChatOrder {
    fileprivate var json: JSONValue {
        [
            "dialect": .string(dialect.rawValue), "name": .string(model), "endpoint": endpoint.json,
            "maximumTokens": .integer(maximumTokens), "timeout": .integer(timeout),
        ]
    }

    fileprivate init(_ json: JSONValue) throws(JSONError) {
        self.init(
            dialect: try json.require("dialect") { $0.text.flatMap(Dialect.init) },
            model: try json.requireText("name", atMost: JobLimits.modelID),
            endpoint: try Endpoint(try json.require("endpoint") { $0 }),
            maximumTokens: try json.requireInt("maximumTokens", in: 1...JobLimits.tokens),
            timeout: try json.requireInt("timeout", in: 1...JobLimits.exchangeMilliseconds))
    }
}

extension EncryptionOrder {
    fileprivate var json: JSONValue {
        switch self {
        case .service(let service): service.json
        case .helper(let timeout): ["helper": true, "timeout": .integer(timeout)]
        }
    }

    fileprivate init(_ json: JSONValue) throws(JSONError) {
        if json["helper"] == true {
            self = .helper(timeout: try json.requireInt("timeout", in: 1...JobLimits.exchangeMilliseconds))
        } else {
            self = .service(try EncryptionService(json))
        }
    }
}

extension EncryptionService {
    fileprivate var json: JSONValue {
        ["endpoint": endpoint.json, "account": .string(account), "timeout": .integer(timeout)]
    }

    fileprivate init(_ json: JSONValue) throws(JSONError) {
        self.init(
            endpoint: try Endpoint(try json.require("endpoint") { $0 }),
            account: try json.requireVisible("account", atMost: 42),
            timeout: try json.requireInt("timeout", in: 1...JobLimits.exchangeMilliseconds))
        // It becomes part of a JSON text.
        guard account.utf8.count == 42, account.hasPrefix("0x"), account.dropFirst(2).allSatisfy(\.isHexDigit) else {
            throw JSONError(.wrongType)
        }
    }
}

extension Endpoint {
    fileprivate var json: JSONValue {
        [
            "name": .string(name.rawValue), "host": .string(host), "port": .integer(port), "path": .string(path),
            "tls": .bool(usesTLS),
        ]
    }

    fileprivate init(_ json: JSONValue) throws(JSONError) {
        self.init(
            name: try json.require("name") { $0.text.flatMap(Name.init) },
            host: try json.requireVisible("host", atMost: JobLimits.host),
            port: try json.requireInt("port", in: 1...65535),
            path: try json.requireVisible("path", atMost: JobLimits.target),
            usesTLS: try json.require("tls", \.truth))
    }
}

extension JSONValue {
    fileprivate func requireText(_ key: String, atMost limit: Int) throws(JSONError) -> String {
        try require(key) { $0.text.flatMap { (1...limit).contains($0.utf8.count) ? $0 : nil } }
    }

    /// A text of visible ASCII. It will stand in the head of a request, where a line end would begin a header of its
    /// own.
    fileprivate func requireVisible(_ key: String, atMost limit: Int) throws(JSONError) -> String {
        let text = try requireText(key, atMost: limit)
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw JSONError(.wrongType) }
        return text
    }

    fileprivate func requireInt(_ key: String, in range: ClosedRange<Int>) throws(JSONError) -> Int {
        try require(key) { $0.int.flatMap { range.contains($0) ? $0 : nil } }
    }
}
