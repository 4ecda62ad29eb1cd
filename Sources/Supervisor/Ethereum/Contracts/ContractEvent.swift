/// What a contract wrote down while it ran a transaction.
package struct EventLog: Sendable, Equatable {
    /// Who wrote it.
    package let address: Address
    /// Of 32 bytes each.
    package let topics: [[UInt8]]
    package let data: [UInt8]

    package init(address: Address, topics: [[UInt8]], data: [UInt8]) {
        self.address = address
        self.topics = topics
        self.data = data
    }
}

/// One kind of event of a contract.
package struct ContractEvent: Sendable, Equatable {
    private let signature: ContractSignature
    private let indexed: Int

    package var name: String { signature.name }
    /// The first topic of its logs.
    var topic: [UInt8] { signature.digest }

    /// - Parameters:
    ///   - signature: as Solidity writes it, such as `Transfer(address,address,uint256)`.
    ///   - indexed: how many arguments, from the first, stand among the topics.
    package init(_ signature: String, indexed: Int) {
        self.signature = ContractSignature(signature)
        self.indexed = indexed
    }

    /// The arguments in their order; nil for a log of another kind, or one that no such event writes.
    package func arguments(of log: EventLog) -> [ABIValue]? {
        guard log.topics.first == signature.digest, log.topics.count == indexed + 1,
            let topics = try? ABIValue.decode(
                Array(log.topics.dropFirst().joined()), as: Array(signature.types.prefix(indexed))),
            let data = try? ABIValue.decode(log.data, as: Array(signature.types.dropFirst(indexed)))
        else { return nil }
        return topics + data
    }
}
