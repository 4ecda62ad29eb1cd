internal import Shared

/// Why a text is no address.
package enum AddressError: Error, Equatable {
    /// Not `0x` and 40 hexadecimal digits.
    case malformed
    /// Upper and lower case are mixed, but not as EIP-55 asks: a digit was mistyped.
    case checksum
}

/// An Ethereum account or contract: 20 bytes.
package struct Address: Hashable, Sendable {
    package static let byteCount = 20
    package static let zero = Address(unchecked: [UInt8](repeating: 0, count: byteCount))

    /// Always 20.
    package let bytes: [UInt8]

    /// nil unless there are exactly 20 bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Address.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// Reads `0x` and 40 digits. Text of mixed case must carry the right EIP-55 checksum; text of one case has none.
    package init(_ text: String) throws(AddressError) {
        guard text.utf8.count == 42, text.hasPrefix("0x"), let bytes = Hexadecimal.decode(text) else {
            throw .malformed
        }
        self.init(unchecked: bytes)
        let digits = text.utf8.dropFirst(2)
        let hasLower = digits.contains { $0 >= UInt8(ascii: "a") }
        let hasUpper = digits.contains { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "F") }
        if hasLower && hasUpper && text != checksummed { throw .checksum }
    }

    /// The address of an uncompressed public key (65 bytes, the first is 4).
    init(publicKey: [UInt8]) {
        self.init(unchecked: Array(Keccak256.hash(Array(publicKey.dropFirst())).suffix(Address.byteCount)))
    }

    /// Where a contract lands that `sender` creates with its transaction of this nonce.
    package init(createdBy sender: Address, nonce: UInt64) {
        let digest = Keccak256.hash(RLP.list([.bytes(sender.bytes), .integer(nonce)]).encoded())
        self.init(unchecked: Array(digest.suffix(Address.byteCount)))
    }

    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// `0x` and 40 digits in the case that EIP-55 prescribes.
    package var checksummed: String {
        let lower = Array(Hexadecimal.encode(bytes).utf8)
        let digest = Keccak256.hash(lower)
        var text = Array("0x".utf8)
        for (index, digit) in lower.enumerated() {
            let nibble = index.isMultiple(of: 2) ? digest[index / 2] >> 4 : digest[index / 2] & 15
            text.append(digit >= UInt8(ascii: "a") && nibble >= 8 ? digit - 32 : digit)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
