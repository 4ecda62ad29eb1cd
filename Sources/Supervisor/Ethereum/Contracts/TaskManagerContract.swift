/// CoFHE's TaskManager: who may use which ciphertext, and by whom the network's answers are signed (cofhe.md 0 and 5).
package struct TaskManagerContract: Sendable {
    private static let acl = ContractFunction("acl()", answers: "address")
    private static let resultSigner = ContractFunction("decryptResultSigner()", answers: "address")
    private static let verifierSigner = ContractFunction("verifierSigner()", answers: "address")
    private static let isAllowed = ContractFunction("isAllowed(uint256,address)", answers: "bool")

    private static let isAllowedWithPermitV2 = ContractFunction(
        "isAllowedWithPermission((address,uint64,address,uint256,address,bytes32,bytes,bytes),uint256)",
        answers: "bool")
    private static let isAllowedWithACP = ContractFunction(
        "isAllowedWithPermission((address,uint64,address,uint256,address,uint8,address[],bytes32[],bytes32,bytes,bytes),uint256)",
        answers: "bool")

    /// A permit as an argument, by generation (cofhe.md 2.1 and 2.2): issuer, expiration, recipient; then validator's id
    /// and contract, or revoker's data and contract, scope, contracts and handles; sealing key, both signatures.
    package enum Permission: Sendable { case permitV2([ABIValue]), acp([ABIValue]) }

    private let contract: Contract

    package init(_ contract: Contract) { self.contract = contract }

    package func accessControl() async throws(ContractError) -> Address {
        try await address(TaskManagerContract.acl)
    }

    /// Who signs decrypted and sealed values; nil where the chain has turned that check off.
    package func resultSigner() async throws(ContractError) -> Address? {
        let signer = try await address(TaskManagerContract.resultSigner)
        return signer == .zero ? nil : signer
    }

    /// Who signs that a ciphertext was proven well formed; nil where the chain has turned that check off.
    package func verifierSigner() async throws(ContractError) -> Address? {
        let signer = try await address(TaskManagerContract.verifierSigner)
        return signer == .zero ? nil : signer
    }

    package func isAllowed(_ handle: Word, to account: Address) async throws(ContractError) -> Bool {
        try await truth(TaskManagerContract.isAllowed, .uint(handle), .address(account))
    }

    /// What the network asks before it decrypts: whether the issuer of a permit may use a ciphertext. Reverts where the
    /// permit itself is none: `PermissionInvalid_…`.
    package func isAllowed(
        _ handle: Word, with permission: Permission
    ) async throws(ContractError) -> Bool {
        switch permission {
        case .permitV2(let members):
            try await truth(TaskManagerContract.isAllowedWithPermitV2, .tuple(members), .uint(handle))
        case .acp(let members):
            try await truth(TaskManagerContract.isAllowedWithACP, .tuple(members), .uint(handle))
        }
    }

    private func truth(_ function: ContractFunction, _ arguments: ABIValue...) async throws(ContractError) -> Bool {
        guard let truth = try await contract.ask(function, arguments).first?.truth else {
            throw .notThisContract(contract.address)
        }
        return truth
    }

    private func address(_ function: ContractFunction) async throws(ContractError) -> Address {
        guard case .address(let address)? = try await contract.ask(function).first else {
            throw .notThisContract(contract.address)
        }
        return address
    }
}

/// CoFHE's ACL, as far as permits are signed for it.
package struct AccessControlContract: Sendable {
    /// The domain of EIP-712 messages, in the contract's own words (EIP-5267).
    package struct Domain: Sendable, Equatable {
        /// Which of the fields count, a bit each.
        package let fields: UInt8
        package let name: String
        package let version: String
        package let chainID: Word
        package let verifyingContract: Address
    }

    private static let domain = ContractFunction(
        "eip712Domain()", answers: "bytes1,string,string,uint256,address,bytes32,uint256[]")
    private static let revoker = ContractFunction("defaultRevokerContract()", answers: "address")

    private let contract: Contract

    package init(_ contract: Contract) { self.contract = contract }

    package func domain() async throws(ContractError) -> Domain {
        let answer = try await contract.ask(AccessControlContract.domain)
        guard answer.count == 7, case .bytes(let fields) = answer[0], fields.count == 1,
            case .string(let name) = answer[1],
            case .string(let version) = answer[2], case .uint(let chainID) = answer[3],
            case .address(let verifyingContract) = answer[4]
        else { throw .notThisContract(contract.address) }
        return Domain(
            fields: fields[0], name: name, version: version, chainID: chainID, verifyingContract: verifyingContract)
    }

    /// The contract by which an issuer takes permits back; nil where there is none.
    package func defaultRevoker() async throws(ContractError) -> Address? {
        guard case .address(let address)? = try await contract.ask(AccessControlContract.revoker).first else {
            throw .notThisContract(contract.address)
        }
        return address == .zero ? nil : address
    }
}

/// The book in which newer deployments keep their addresses (cofhe.md 0).
package struct AddressBookContract: Sendable {
    private static let taskManager = ContractFunction("getTm(uint256)", answers: "address")

    private let contract: Contract

    package init(_ contract: Contract) { self.contract = contract }

    package func taskManager() async throws(ContractError) -> Address {
        guard
            case .address(let address)? = try await contract.ask(AddressBookContract.taskManager, .uint(Word(1))).first,
            address != .zero
        else { throw .notThisContract(contract.address) }
        return address
    }
}
