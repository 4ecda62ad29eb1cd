internal import Shared

/// Has a helper process encrypt the output key, over a socket that only the two of them have.
///
/// Version 1 of the helper's protocol. In: both halves of the key, 32 bytes. Out: the length of what was made of them,
/// four bytes with the most significant first, and that: ciphertext, with a proof that it is well formed.
enum HelperExchange {
    private static let lengthBytes = 4

    static func pack(_ key: borrowing SecretBytes, over connection: consuming Connection) throws -> SecretBytes {
        do {
            try key.withBytes { bytes throws(ExchangeError) in try connection.write(bytes) }
            let head = try read(lengthBytes, from: connection)
            let length = head.withBytes { $0.reduce(0) { $0 << 8 | Int($1) } }
            guard (1...JobLimits.packedKey).contains(length) else { throw JobFailure.encryptionFailed }
            return try read(length, from: connection)
        } catch ExchangeError.timedOut { throw JobFailure.encryptionTimedOut } catch is ExchangeError {
            // It fell, or was never there: another one may not.
            throw JobFailure.encryptionUnreachable
        }
    }

    private static func read(_ count: Int, from connection: borrowing Connection) throws -> SecretBytes {
        var bytes = try SecretBytes(zeros: count)
        var filled = 0
        while filled < count {
            let some = try bytes.withMutableBytes { bytes throws(ExchangeError) in
                try connection.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[filled...]))
            }
            guard some > 0 else { throw ExchangeError.closedEarly }
            filled += some
        }
        return bytes
    }
}
