/// Why a contract could not be asked.
package enum ContractError: Error, Equatable, Sendable {
    case rpc(RPCError)
    case reverted(Revert)
    /// Its answer is none that this contract gives: there is no code at the address, or another contract's.
    case notThisContract(Address)
}

/// A contract at an address: what all have in common.
package struct Contract: Sendable {
    package let address: Address
    package let rpc: RPCClient

    package init(_ address: Address, _ rpc: RPCClient) {
        self.address = address
        self.rpc = rpc
    }

    /// What `function` answers, without a transaction.
    func ask(_ function: ContractFunction, _ arguments: ABIValue...) async throws(ContractError) -> [ABIValue] {
        try await ask(function, arguments)
    }

    func ask(_ function: ContractFunction, _ arguments: [ABIValue]) async throws(ContractError) -> [ABIValue] {
        let data: [UInt8]
        do throws(RPCError) {
            // Nobody in particular asks: no answer here depends on it.
            data = try await rpc.call(
                ChainCall(from: .zero, to: address, data: Contract.encode(function, arguments)))
        } catch {
            throw error.revert.map { .reverted($0) } ?? .rpc(error)
        }
        do throws(ABIError) { return try function.answer(data) } catch { throw .notThisContract(address) }
    }

    /// A transaction that calls `function`, and by whose event it is known to be done.
    func intent(
        _ name: String, _ function: ContractFunction, _ arguments: ABIValue..., from sender: Address,
        value: Amount = .zero, gasCeiling: UInt64, event: ContractEvent, indexed: ABIValue...
    ) -> Intent {
        let call = ChainCall(from: sender, to: address, data: Contract.encode(function, arguments), value: value)
        return Intent(
            name: name, call: call,
            event: ExpectedEvent(emitter: address, topics: [event.topic] + indexed.map(\.topic)),
            gasCeiling: gasCeiling, answers: function.hasAnswer)
    }

    private static func encode(_ function: ContractFunction, _ arguments: [ABIValue]) -> [UInt8] {
        // The arguments' types are this project's own, and its tests call every function.
        do throws(ABIError) { return try function.call(arguments) } catch { preconditionFailure("\(function.name)") }
    }
}

extension ABIValue {
    /// As an indexed argument of an event stands: one word.
    fileprivate var topic: [UInt8] {
        switch self {
        case .uint(let word): word.bytes
        case .address(let address): [UInt8](repeating: 0, count: 12) + address.bytes
        case .bool(let truth): Word(truth ? 1 : 0).bytes
        case .bytes(let bytes): bytes + [UInt8](repeating: 0, count: max(0, 32 - bytes.count))
        case .string, .array, .tuple: preconditionFailure("no topic of a node's events")
        }
    }
}
