internal import Ethereum
internal import Shared

/// Why a JSON-RPC call fails. It is answered with HTTP 200 and an error object, which clients must expect.
struct RPCRefusal: Error {
    enum Code: Int {
        case parseError = -32700
        case invalidRequest = -32600
        case methodNotFound = -32601
        case invalidParameters = -32602
        case refused = -32000
    }
    let code: Code
    let message: String
    let violation: Violation?

    init(_ code: Code, _ message: String, _ violation: Violation?) {
        self.code = code
        self.message = message
        self.violation = violation
    }
}

/// JSON-RPC 2.0 of the python dialect (wire.md 5).
struct PythonRoutes {
    let vault: Vault
    let ledger: Ledger
    let clock: DevClock

    var all: [Route] { [Route("POST", "cofhe") { answer($0) }] }

    private func answer(_ call: Call) -> Reply {
        var identifier = JSONValue.null
        var node: String?
        do {
            guard let body = try? JSONValue(parsing: call.request.body) else {
                throw RPCRefusal(.parseError, "parse error", .callMalformed)
            }
            identifier = body["id"] ?? .null
            guard body["jsonrpc"]?.text == "2.0", body["id"] != nil, let method = body["method"]?.text,
                let parameters = body["params"]?.elements
            else { throw RPCRefusal(.invalidRequest, "invalid request", .callMalformed) }
            node = parameters.dropFirst().first?["issuer"]?.text ?? parameters.last?.text
            switch method {
            case "cofhe_decryptForView":
                ledger.count("cofhe_decryptForView", by: node)
                return success(identifier, ["sealedValue": .string("0x" + Hexadecimal.encode(try unseal(parameters)))])
            case "cofhe_encrypt":
                ledger.count("cofhe_encrypt", by: node)
                return success(identifier, ["handle": .string(HandleText.hexadecimal(try encrypt(parameters)))])
            default: throw RPCRefusal(.methodNotFound, "method not found", .methodUnknown)
            }
        } catch let refusal as RPCRefusal {
            if let violation = refusal.violation {
                ledger.record(violation, at: clock.now, node: node, call: call.route, detail: refusal.message)
            }
            return failure(identifier, refusal)
        } catch { return failure(identifier, RPCRefusal(.refused, "internal error", nil)) }
    }

    private func unseal(_ parameters: [JSONValue]) throws -> [UInt8] {
        guard parameters.count == 2, let text = parameters[0].text, let handle = HandleText.parse(hexadecimal: text)
        else {
            throw RPCRefusal(.invalidParameters, "params: handle, permit", .callMalformed)
        }
        return try vault.seal(handle, under: SealingPermit(parameters[1]), now: clock.now)
    }

    private func encrypt(_ parameters: [JSONValue]) throws -> Word {
        guard parameters.count == 3, let text = parameters[0].text, let value = HandleText.parse(hexadecimal: text),
            value.bytes.prefix(16).allSatisfy({ $0 == 0 }), parameters[1].text == "uint128",
            let ownerText = parameters[2].text, let owner = try? Address(ownerText)
        else { throw RPCRefusal(.invalidParameters, "params: 128-bit value, uint128, address", .callMalformed) }
        guard owner.checksummed == ownerText else {
            throw RPCRefusal(.invalidParameters, "address is not checksummed", .addressNotChecksummed)
        }
        guard let handle = vault.store(Array(value.bytes.suffix(16)), owner: owner) else {
            throw RPCRefusal(.refused, "the toy vault is full", nil)
        }
        return handle
    }

    private func success(_ identifier: JSONValue, _ result: JSONValue) -> Reply {
        .json(["jsonrpc": "2.0", "id": identifier, "result": result])
    }

    private func failure(_ identifier: JSONValue, _ refusal: RPCRefusal) -> Reply {
        let error: JSONValue = ["code": .integer(refusal.code.rawValue), "message": .string(refusal.message)]
        return .json(["jsonrpc": "2.0", "id": identifier, "error": error])
    }
}
