/// BLIND, an ERC-20 token.
package struct TokenContract: Sendable {
    private static let balanceOf = ContractFunction("balanceOf(address)", answers: "uint256")
    private static let allowance = ContractFunction("allowance(address,address)", answers: "uint256")
    private static let approve = ContractFunction("approve(address,uint256)", answers: "bool")
    private static let approval = ContractEvent("Approval(address,address,uint256)", indexed: 2)

    private let contract: Contract

    package init(_ contract: Contract) { self.contract = contract }

    package var address: Address { contract.address }

    package func balance(of owner: Address) async throws(ContractError) -> Amount {
        try await amount(contract.ask(TokenContract.balanceOf, .address(owner)))
    }

    /// What `spender` may still take from `owner`.
    package func allowance(of owner: Address, to spender: Address) async throws(ContractError) -> Amount {
        try await amount(contract.ask(TokenContract.allowance, .address(owner), .address(spender)))
    }

    /// Lets `spender` take exactly `amount`, in place of what it might take before.
    package func approve(_ amount: Amount, to spender: Address, from owner: Address) -> Intent {
        contract.intent(
            "approve", TokenContract.approve, .address(spender), .uint(amount.word), from: owner,
            gasCeiling: 300_000, event: TokenContract.approval, indexed: .address(owner), .address(spender))
    }

    private func amount(_ answer: [ABIValue]) throws(ContractError) -> Amount {
        // An allowance without end is more than any amount.
        guard case .uint(let word)? = answer.first else { throw .notThisContract(address) }
        return Amount(word) ?? .largest
    }
}
