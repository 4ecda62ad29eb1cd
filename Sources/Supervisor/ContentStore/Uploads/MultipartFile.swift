internal import HTTPTransport
internal import Shared

/// A form with one file, as browsers send it (RFC 7578).
struct MultipartFile {
    let contentType: String
    let body: [UInt8]

    init(_ bytes: [UInt8]) {
        // The boundary is a hash of what it encloses, so the bytes cannot contain it. At most 70 characters (RFC 2046).
        let boundary = "blindference-" + Hexadecimal.encode(SHA256.hash(bytes).prefix(24))
        contentType = "multipart/form-data; boundary=" + boundary
        let head = """
            --\(boundary)\r
            Content-Disposition: form-data; name="file"; filename="blindference-output.bin"\r
            Content-Type: application/octet-stream\r
            \r

            """
        let tail = "\r\n--\(boundary)--\r\n"
        var body: [UInt8] = []
        body.reserveCapacity(head.utf8.count + bytes.count + tail.utf8.count)
        body += head.utf8
        body += bytes
        body += tail.utf8
        self.body = body
    }

    func request(to url: String) -> HTTPRequest {
        var request = HTTPRequest(.post, url)
        request.headers = [("Content-Type", contentType), ("Accept", "application/json")]
        request.body = body
        return request
    }
}
