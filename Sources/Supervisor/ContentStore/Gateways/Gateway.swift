internal import HTTPTransport

/// A place that serves IPFS content over HTTP. Nothing it says is believed.
struct Gateway: Sendable {
    enum Form {
        /// A form that can be checked block by block.
        case verifiable
        /// The file as it is, for gateways that refuse the other.
        case plain
    }

    /// Without a slash at its end; the path ends in `/ipfs`.
    private let base: String
    /// What dedicated gateways want in every query, such as an access token.
    private let query: String?

    /// `address` is a checked service URL; nil where a path cannot be appended to it.
    init?(_ address: String) {
        guard address.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else { return nil }
        let parts = address.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var path = parts[0]
        while path.hasSuffix("/") { path.removeLast() }
        let pieces = path.split(separator: "/", omittingEmptySubsequences: false)
        guard pieces.count >= 3, pieces[1].isEmpty, !pieces[2].isEmpty else { return nil }
        base = path.hasSuffix("/ipfs") ? String(path) : path + "/ipfs"
        query = parts.count == 2 && !parts[1].isEmpty ? String(parts[1]) : nil
    }

    func request(_ cid: CID, _ form: Form) -> HTTPRequest {
        var options: [String] = []
        if let query { options.append(query) }
        if form == .verifiable { options.append(cid.codec == .raw ? "format=raw" : "format=car") }
        // An identifier's text has passed its parser: letters and digits only.
        let address = base + "/" + cid.text
        var request = HTTPRequest(.get, options.isEmpty ? address : address + "?" + options.joined(separator: "&"))
        if form == .verifiable {
            request.headers = [
                ("Accept", cid.codec == .raw ? Gateway.blockType : Gateway.archiveType + "; version=1; dups=n")
            ]
        }
        return request
    }

    static let blockType = "application/vnd.ipld.raw"
    static let archiveType = "application/vnd.ipld.car"
}

extension Gateway: Hashable {}
