internal import Shared

/// The digest of a message signed by hand, which no transaction can collide with.
package enum EIP191 {
    package static func digest(message: [UInt8]) -> [UInt8] {
        Keccak256.hash(Array("\u{19}Ethereum Signed Message:\n\(message.count)".utf8) + message)
    }
}
