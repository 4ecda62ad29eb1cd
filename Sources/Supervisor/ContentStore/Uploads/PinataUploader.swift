package import HTTPTransport
package import Shared

/// Stores outputs with a pinning service that speaks Pinata's API.
package struct PinataUploader: ContentUploader {
    package static let defaultURL = "https://api.pinata.cloud/pinning/pinFileToIPFS"

    private let url: String
    private let token: SharedSecret
    private let attempts: UploadAttempts

    /// `url` is a checked service URL, used as it is.
    package init(
        url: String = defaultURL, token: SharedSecret, client: any HTTPClient, policy: UploadPolicy = UploadPolicy(),
        clock: ContentClock = .system
    ) {
        self.url = url
        self.token = token
        attempts = UploadAttempts(client: client, policy: policy, clock: clock)
    }

    package func upload(_ bytes: [UInt8]) async throws(ContentError) -> CID {
        var request = MultipartFile(bytes).request(to: url)
        request.bearerToken = token
        let response = try await attempts.send(request)
        // `IpfsHash` is the older API's name, `data.cid` the newer one's.
        guard let answer = try? JSONValue(parsing: response.body, limit: 64 << 10),
            let text = answer["IpfsHash"]?.text ?? answer["data"]?["cid"]?.text
        else { throw .uploadAnswerMalformed }
        return try CID(claimed: text, for: bytes)
    }
}
