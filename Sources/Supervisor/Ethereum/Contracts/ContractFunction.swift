/// One function of a contract: how it is called, and how its answer is read.
package struct ContractFunction: Sendable, Equatable {
    private let signature: ContractSignature
    private let outputs: [ABIType]

    package var name: String { signature.name }
    var hasAnswer: Bool { !outputs.isEmpty }

    /// - Parameters:
    ///   - signature: as Solidity writes it, such as `stake(uint256)`.
    ///   - outputs: the types of the answer, separated by commas.
    package init(_ signature: String, answers outputs: String = "") {
        self.signature = ContractSignature(signature)
        guard let outputs = ABIType.list(outputs) else { preconditionFailure("\(outputs) are no types") }
        self.outputs = outputs
    }

    package func call(_ arguments: [ABIValue]) throws(ABIError) -> [UInt8] {
        signature.selector + (try ABIValue.encode(arguments, as: signature.types))
    }

    /// Reads an answer. What is due must be there: an address without code, and a contract that takes any call, answer
    /// nothing, which is never `false` or 0.
    package func answer(_ data: [UInt8]) throws(ABIError) -> [ABIValue] { try ABIValue.decode(data, as: outputs) }
}
