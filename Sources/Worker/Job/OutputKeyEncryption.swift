internal import Shared

/// Has the two halves of the output key encrypted for the user, over a descriptor the supervisor made but cannot read
/// where TLS is used. In this dialect the service sees the half in clear (cofhe.md 9), so the supervisor must not.
struct OutputKeyEncryption {
    let order: EncryptionService

    /// The handle of one half, as the service's text.
    func encrypt(half: borrowing SecretBytes, over connection: consuming Connection) throws(JobFailure) -> String {
        let body: SecretBytes
        let status: Int
        do {
            let exchange = HTTPExchange(connection, endpoint: order.endpoint)
            let response = try exchange.post(
                before: #"{"jsonrpc":"2.0","id":1,"method":"cofhe_encrypt","params":["0x"#, text: try digits(of: half),
                after: #"","uint128","\#(order.account)"]}"#, credential: nil, limit: 64 << 10)
            status = response.status
            body = response.body
        } catch ExchangeError.timedOut { throw .encryptionTimedOut } catch { throw .encryptionUnreachable }
        // Busy or broken, not unwilling: another attempt may find it better.
        if status == 429 || status >= 500 { throw .encryptionUnreachable }
        guard status == 200, let answer = body.withBytes({ try? JSONValue(parsing: $0) }),
            let handle = answer["result"]?["handle"]?.text, handle.hasPrefix("0x"), handle.utf8.count <= 66
        else { throw .encryptionFailed }
        return handle
    }

    /// Hexadecimal without leading zeros, as the service expects of a number.
    private func digits(of half: borrowing SecretBytes) throws -> SecretBytes {
        var digits = try SecretBytes(capacity: 32)
        try digits.append(hexadecimalOf: half)
        let zeros = digits.withBytes { $0.prefix(31).prefix { $0 == UInt8(ascii: "0") }.count }
        digits.removeFirst(zeros)
        return digits
    }
}
