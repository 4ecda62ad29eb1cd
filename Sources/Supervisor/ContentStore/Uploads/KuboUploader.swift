package import HTTPTransport
package import Shared

/// Stores outputs with an IPFS node of the operator, through kubo's RPC.
package struct KuboUploader: ContentUploader {
    private let url: String
    private let token: SharedSecret?
    private let attempts: UploadAttempts

    /// - Parameters:
    ///   - rpc: a checked service URL without a query, with or without `/api/v0` at its end.
    ///   - layout: how the node is told to cut the file. Must have kubo's 174 links a node, which it cannot be told.
    package init(
        rpc: String, layout: UnixFS.Layout = .v0, token: SharedSecret? = nil, client: any HTTPClient,
        policy: UploadPolicy = UploadPolicy(), clock: ContentClock = .system
    ) {
        var base = rpc[...]
        while base.hasSuffix("/") { base.removeLast() }
        if base.hasSuffix("/api/v0/add") { base.removeLast(4) }
        if base.hasSuffix("/api/v0") { base.removeLast(7) }
        // Said in full, for an operator's configuration can change every default.
        url =
            base + "/api/v0/add?cid-version=\(layout.version.rawValue)&raw-leaves=\(layout.leaves == .raw)"
            + "&chunker=size-\(layout.chunkBytes)&pin=true&progress=false"
        self.token = token
        attempts = UploadAttempts(client: client, policy: policy, clock: clock)
    }

    /// Whether a configured upload address is a kubo RPC rather than a pinning service.
    package static func isKuboRPC(_ url: String) -> Bool {
        let parts = url.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 5, parts[1].isEmpty, parts[3] == "api" else { return false }
        return parts[4].prefix { $0 != "?" } == "v0"
    }

    package func upload(_ bytes: [UInt8]) async throws(ContentError) -> CID {
        var request = MultipartFile(bytes).request(to: url)
        request.bearerToken = token
        let response = try await attempts.send(request)
        // One line for each file added: exactly one, with a line break after it.
        guard let answer = try? JSONValue(parsing: response.body, limit: 64 << 10), let text = answer["Hash"]?.text
        else { throw .uploadAnswerMalformed }
        return try CID(claimed: text, for: bytes)
    }
}
