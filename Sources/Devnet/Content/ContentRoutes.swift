internal import ContentStore
internal import Shared

/// The gateway and both upload forms.
struct ContentRoutes {
    let shelf: ContentShelf

    var all: [Route] {
        [
            Route("GET", "ipfs/*") { try download($0) },
            Route("POST", "api/v0/add") { try addToKubo($0) },
            Route("POST", "pinning/pinFileToIPFS") { try pin($0) },
        ]
    }

    /// Plain bytes, or with `?format=raw` (or the Accept header that means the same) one block, or a CAR.
    private func download(_ call: Call) throws -> Reply {
        guard let cid = try? CID(call.parameters[0]) else {
            throw Refusal(400, "invalid cid", .identifierInvalid)
        }
        let accept = call.request.headers["accept"] ?? ""
        var format = call.request.query["format"]
        if format == nil, accept.contains("application/vnd.ipld.raw") { format = "raw" }
        if format == nil, accept.contains("application/vnd.ipld.car") { format = "car" }
        let found: Reply? =
            switch format {
            case nil: shelf.file(cid).map { Reply(status: 200, contentType: "application/octet-stream", body: $0) }
            case "raw": shelf.block(cid).map { Reply(status: 200, contentType: "application/vnd.ipld.raw", body: $0) }
            case "car":
                shelf.tree(cid).map {
                    Reply(
                        status: 200, contentType: "application/vnd.ipld.car; version=1; order=dfs; dups=n", body: $0.car
                    )
                }
            default: throw Refusal(400, "unsupported format", .identifierInvalid)
            }
        guard let found else { throw Refusal(404, "no such content", nil) }
        return found
    }

    private func addToKubo(_ call: Call) throws -> Reply {
        let file = try uploaded(call)
        let layout: UnixFS.Layout = call.request.query["cid-version"] == "1" ? .v1 : .v0
        let cid = try keep(file.content, layout: layout)
        return .json([
            "Name": .string(file.filename ?? cid.text), "Hash": .string(cid.text),
            "Size": .string(String(file.content.count)),
        ])
    }

    private func pin(_ call: Call) throws -> Reply {
        let credential = call.request.headers["authorization"] ?? ""
        guard credential.hasPrefix("Bearer "), credential.utf8.count > "Bearer ".utf8.count else {
            throw Refusal(401, "missing bearer token", .uploadWithoutToken)
        }
        let file = try uploaded(call)
        let cid = try keep(file.content, layout: .v0)
        return .json([
            "IpfsHash": .string(cid.text), "PinSize": .integer(file.content.count),
            "Timestamp": "2026-01-01T00:00:00.000Z",
        ])
    }

    private func uploaded(_ call: Call) throws -> Multipart.Part {
        guard
            let form = Multipart(contentType: call.request.headers["content-type"] ?? "", body: call.request.body),
            let file = form.parts.first(where: { $0.name == "file" }), file.filename != nil
        else { throw Refusal(400, "a multipart part named file with a file name is required", .uploadMalformed) }
        return file
    }

    private func keep(_ bytes: [UInt8], layout: UnixFS.Layout) throws -> CID {
        guard let cid = shelf.add(bytes, layout: layout) else { throw Refusal(507, "the toy store is full", nil) }
        return cid
    }
}
