internal import CCurl
internal import CSystem
internal import Glibc
internal import Shared

/// The request headers as libcurl's linked list, wiped before it is freed, because one of them may be a credential.
struct CurlHeaderList: ~Copyable {
    private(set) var first: UnsafeMutablePointer<curl_slist>?

    /// Refuses what could end a line or change the framing of the message.
    init(_ request: HTTPRequest) throws(HTTPFailure) {
        first = nil
        var names: Set<String> = []
        for (name, value) in request.headers {
            let lowered = name.lowercased()
            names.insert(lowered)
            guard !name.isEmpty, name.utf8.allSatisfy(CurlHeaderList.isTokenByte),
                value.utf8.allSatisfy(\.isVisibleOrSpace), !CurlHeaderList.reserved.contains(lowered)
            else { throw .invalidRequest }
            // libcurl reads "Name:" as an order to send no such header, and "Name;" as one without a value.
            prepend(Array((value.isEmpty ? name + ";" : name + ": " + value).utf8))
        }
        // Without these two, libcurl waits a second for "100 Continue" and calls every body a web form.
        prepend(Array("Expect:".utf8))
        if !names.contains("content-type") { prepend(Array("Content-Type:".utf8)) }
        if let token = request.bearerToken {
            guard !names.contains("authorization") else { throw .invalidRequest }
            try prepend(token)
        }
    }

    private static let reserved: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer", "user-agent",
    ]

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private mutating func prepend(_ line: [UInt8]) {
        let text = allocate(line.count)
        for (index, byte) in line.enumerated() { text[index] = CChar(bitPattern: byte) }
    }

    /// The token goes from locked memory into the C string; no Swift string or array ever holds it.
    private mutating func prepend(_ token: SharedSecret) throws(HTTPFailure) {
        let prefix = Array("Authorization: Bearer ".utf8)
        let isSendable = token.bytes.withBytes { !$0.isEmpty && $0.allSatisfy(\.isVisible) }
        guard isSendable else { throw .invalidRequest }
        let text = allocate(prefix.count + token.bytes.count)
        for (index, byte) in prefix.enumerated() { text[index] = CChar(bitPattern: byte) }
        token.bytes.withBytes { bytes in
            for (index, byte) in bytes.enumerated() { text[prefix.count + index] = CChar(bitPattern: byte) }
        }
    }

    /// A new front node with a zero-terminated text of `count` bytes.
    private mutating func allocate(_ count: Int) -> UnsafeMutablePointer<CChar> {
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: count + 1)
        text.initialize(repeating: 0, count: count + 1)
        let node = UnsafeMutablePointer<curl_slist>.allocate(capacity: 1)
        node.initialize(to: curl_slist(data: text, next: first))
        first = node
        return text
    }

    deinit {
        var next = first
        while let node = next {
            next = node.pointee.next
            if let text = node.pointee.data {
                csystem_wipe(text, strlen(text))
                text.deallocate()
            }
            node.deallocate()
        }
    }
}
