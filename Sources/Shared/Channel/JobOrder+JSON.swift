extension JobOrder {
    package var fields: [JSONValue.Member] {
        var fields: [JSONValue.Member] = [
            .init("role", .string(role.rawValue)), .init("model", .string(modelID)),
            .init("seal", .string(seal.rawValue)),
        ]
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
            modelID: try json.requireText("model"),
            seal: try json.require("seal") { $0.text.flatMap(Seal.init) },
            backend: backend, encryption: encryption)
        guard (role == .leader) == (encryption != nil) else { throw JSONError(.missingKey) }
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
            model: try json.requireText("name"),
            endpoint: try Endpoint(try json.require("endpoint") { $0 }),
            maximumTokens: try json.requireInt("maximumTokens"),
            timeout: try json.requireInt("timeout"))
    }
}

extension EncryptionOrder {
    fileprivate var json: JSONValue {
        ["endpoint": endpoint.json, "account": .string(account), "timeout": .integer(timeout)]
    }

    fileprivate init(_ json: JSONValue) throws(JSONError) {
        self.init(
            endpoint: try Endpoint(try json.require("endpoint") { $0 }),
            account: try json.requireText("account"),
            timeout: try json.requireInt("timeout"))
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
            host: try json.requireText("host"),
            port: try json.requireInt("port"),
            path: try json.requireText("path"),
            usesTLS: try json.require("tls", \.truth))
    }
}
