internal import Shared

/// A function, an event or an error of a contract, as Solidity writes it: `stake(uint256)`.
struct ContractSignature: Sendable, Equatable {
    let name: String
    let types: [ABIType]
    /// Keccak-256 of the text: an event's first topic, and with four bytes the selector of a call or an error.
    let digest: [UInt8]

    var selector: [UInt8] { Array(digest.prefix(4)) }

    /// For signatures that stand in this project's source; a wrong one ends the program at its first use.
    init(_ text: String) {
        let open = text.firstIndex(of: "(") ?? text.endIndex
        guard text.last == ")", let types = ABIType.list(String(text[open...].dropFirst().dropLast())) else {
            preconditionFailure("\(text) is no signature")
        }
        name = String(text[..<open])
        self.types = types
        digest = Keccak256.hash(Array(text.utf8))
    }
}
