/// Signs requests with the node's wallet. The key stays where it is; this room sees signatures only.
package protocol RequestSigner: Sendable {
    /// The EIP-55 address. The coordinator compares it as text, so its case matters (icl.md 0.3).
    var checksummedAddress: String { get }

    /// `0x` and the 130 hexadecimal digits of r, s and v over the EIP-191 form (version 0x45) of these bytes.
    func signature(overMessage bytes: [UInt8]) throws -> String
}
