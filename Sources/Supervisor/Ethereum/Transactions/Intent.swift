/// What a transaction is for, and by which event the chain shows that it was done.
package struct Intent: Sendable, Equatable {
    /// One word for records and logs, such as `stake`.
    package let name: String
    package let call: ChainCall
    package let event: ExpectedEvent
    /// Units of gas beyond which the call is refused: an endpoint that lies about costs must not drain the wallet.
    package let gasCeiling: UInt64
    /// Whether a simulation must answer something. A contract that takes any call answers nothing.
    package let answers: Bool

    package init(name: String, call: ChainCall, event: ExpectedEvent, gasCeiling: UInt64, answers: Bool = false) {
        self.name = name
        self.call = call
        self.event = event
        self.gasCeiling = gasCeiling
        self.answers = answers
    }
}

/// The event that a transaction must write: a call of this contract, by itself, with these topics first.
package struct ExpectedEvent: Sendable, Equatable {
    package let emitter: Address
    /// The event's own and those of its first indexed arguments, 32 bytes each.
    package let topics: [[UInt8]]

    package init(emitter: Address, topics: [[UInt8]]) {
        self.emitter = emitter
        self.topics = topics
    }

    /// Whether the receipt is of a call of this contract that succeeded and wrote the event.
    package func isIn(_ receipt: Receipt) -> Bool {
        receipt.succeeded && receipt.to == emitter
            && receipt.logs.contains { $0.address == emitter && $0.topics.starts(with: topics) }
    }
}
