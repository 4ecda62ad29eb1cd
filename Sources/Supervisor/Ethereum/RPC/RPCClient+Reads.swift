internal import Shared

/// A block, as far as a node looks at it.
package struct Block: Sendable, Equatable {
    package enum Tag: String, Sendable { case latest, pending, safe }

    package let number: UInt64
    package let hash: [UInt8]
    /// Unix seconds. Deadlines of contracts are held against it, not against this machine's clock.
    package let timestamp: UInt64
    /// Wei for one unit of gas.
    package let baseFee: Amount

    init?(_ json: JSONValue) {
        guard let number = json["number"]?.smallQuantity, let hash = json["hash"]?.hash,
            let timestamp = json["timestamp"]?.smallQuantity, let baseFee = json["baseFeePerGas"]?.amount
        else { return nil }
        self.number = number
        self.hash = hash
        self.timestamp = timestamp
        self.baseFee = baseFee
    }
}

/// What became of a transaction that is in a block.
package struct Receipt: Sendable, Equatable {
    package let transaction: [UInt8]
    package let blockNumber: UInt64
    package let blockHash: [UInt8]
    package let succeeded: Bool
    /// Nil for a creation.
    package let to: Address?
    package let gasUsed: UInt64
    package let logs: [EventLog]

    init?(_ json: JSONValue) {
        guard let transaction = json["transactionHash"]?.hash, let blockNumber = json["blockNumber"]?.smallQuantity,
            let blockHash = json["blockHash"]?.hash, let status = json["status"]?.smallQuantity,
            let gasUsed = json["gasUsed"]?.smallQuantity, let logs = json["logs"]?.elements?.map(EventLog.init),
            logs.allSatisfy({ $0 != nil })
        else { return nil }
        self.transaction = transaction
        self.blockNumber = blockNumber
        self.blockHash = blockHash
        succeeded = status == 1
        to = json["to"]?.address
        self.gasUsed = gasUsed
        self.logs = logs.compactMap(\.self)
    }
}

extension EventLog {
    fileprivate init?(_ json: JSONValue) {
        guard let address = json["address"]?.address, let topics = json["topics"]?.elements?.map(\.hash),
            topics.allSatisfy({ $0 != nil }), let data = json["data"]?.bytes
        else { return nil }
        self.init(address: address, topics: topics.compactMap(\.self), data: data)
    }
}

/// A call of a contract, or a plain payment.
package struct ChainCall: Sendable, Equatable {
    package var from: Address
    package var to: Address
    package var data: [UInt8]
    package var value: Amount
    /// Units; nil for as much as the endpoint allows.
    package var gas: UInt64?

    package init(from: Address, to: Address, data: [UInt8], value: Amount = .zero) {
        self.from = from
        self.to = to
        self.data = data
        self.value = value
    }

    var json: JSONValue {
        .object(
            [
                .init("from", .address(from)), .init("to", .address(to)), .init("data", .bytes(data)),
                .init("value", .quantity(value.word)),
            ] + (gas.map { [.init("gas", .quantity(Word($0)))] } ?? []))
    }
}

extension RPCClient {
    /// The block of `tag`; `safe` is one that the layer below has by now.
    package func block(_ tag: Block.Tag = .latest) async throws(RPCError) -> Block {
        try await read("eth_getBlockByNumber", [.string(tag.rawValue), false]) { Block($0) }
    }

    /// In wei.
    package func balance(of address: Address) async throws(RPCError) -> Amount {
        try await read("eth_getBalance", [.address(address), "latest"], \.amount)
    }

    /// How many transactions of `address` there are up to the block of `tag`; `pending` counts those that wait for one.
    package func transactionCount(of address: Address, at tag: Block.Tag = .latest) async throws(RPCError) -> UInt64 {
        try await read("eth_getTransactionCount", [.address(address), .string(tag.rawValue)], \.smallQuantity)
    }

    package func hasCode(_ address: Address) async throws(RPCError) -> Bool {
        try await read("eth_getCode", [.address(address), "latest"]) { $0.bytes.map { !$0.isEmpty } }
    }

    /// Runs a call without leaving a trace; what the contract answered.
    package func call(_ call: ChainCall) async throws(RPCError) -> [UInt8] {
        try await read("eth_call", [call.json, "latest"], \.bytes)
    }

    /// Units of gas.
    package func estimateGas(_ call: ChainCall) async throws(RPCError) -> UInt64 {
        try await read("eth_estimateGas", [call.json], \.smallQuantity)
    }

    /// Nil while the transaction is in no block: that is "unknown", not "failed".
    package func receipt(of transaction: [UInt8]) async throws(RPCError) -> Receipt? {
        try await read("eth_getTransactionReceipt", [.bytes(transaction)]) { json -> Receipt?? in
            if json == .null { return .some(nil) }
            guard let receipt = Receipt(json), receipt.transaction == transaction else { return nil }
            return receipt
        }
    }
}
