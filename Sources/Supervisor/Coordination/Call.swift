internal import HTTPTransport

/// One request of the protocol, as it stays the same through all attempts.
struct Call {
    /// What a 404 speaks of.
    enum Subject { case node, job, service }

    let method: HTTPRequest.Method
    let url: ServiceURL
    let body: [UInt8]
    let subject: Subject
    /// Every call under /internal; the public routes know no authentication.
    let isSigned: Bool
    let maximumResponse: Int

    static let smallAnswer = 64 << 10
    static let largeAnswer = 1 << 20
}
