/// Whose job it is, as far as a penalty goes.
package enum Requester: Hashable, Sendable {
    /// An address in lower case: its checksum is no difference.
    case known(String)
    /// No address, or the zero address. All such jobs are bounded together and nobody is punished for them: whoever hides
    /// behind no name must not shut out the others, and a coordinator that names nobody must not stop the node. So
    /// they are slowed at most, never refused.
    case unknown

    package init(_ address: String?) {
        guard let address = address?.lowercased(), address != "0x" + String(repeating: "0", count: 40) else {
            self = .unknown
            return
        }
        self = .known(address)
    }

    /// The name in the journal and in `jobs --penalties`.
    package var name: String {
        switch self {
        case .known(let address): address
        case .unknown: "unknown"
        }
    }
}
