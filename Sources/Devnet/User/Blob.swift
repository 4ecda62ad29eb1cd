/// A prompt or an answer as it lies in the content store: `iv (12) ‖ tag (16) ‖ AES-256-GCM ciphertext`.
package enum Blob {
    package static func seal(_ plaintext: [UInt8], key: [UInt8]) throws -> [UInt8] {
        let box = try ToyCrypto.seal(plaintext, key: key)
        return box.iv + box.tag + box.ciphertext
    }

    package static func open(_ blob: [UInt8], key: [UInt8]) throws -> [UInt8] {
        guard blob.count >= 28 else { throw ToyCrypto.Failure() }
        return try ToyCrypto.open(
            ToyCrypto.Box(iv: Array(blob[..<12]), tag: Array(blob[12..<28]), ciphertext: Array(blob[28...])), key: key)
    }
}

extension LoopbackClient {
    /// Uploads in Kubo's form and returns the identifier.
    package func upload(_ bytes: [UInt8]) throws -> String {
        let boundary = "devnet-5c1a0e7d93b24f68"
        let head =
            "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"blob.bin\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n"
        let body = Array(head.utf8) + bytes + Array("\r\n--\(boundary)--\r\n".utf8)
        let reply = try send(
            "POST", "/api/v0/add", headers: [("content-type", "multipart/form-data; boundary=\(boundary)")], body: body)
        guard let cid = try LoopbackClient.decode(reply)["Hash"]?.text else { throw Failure.malformedAnswer }
        return cid
    }

    package func download(_ cid: String) throws -> [UInt8] {
        let reply = try send("GET", "/ipfs/" + PercentCoding.encode(cid))
        guard reply.status == 200 else { throw Failure.status(reply.status, detail: nil) }
        return reply.body
    }
}
