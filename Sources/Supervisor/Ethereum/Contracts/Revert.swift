internal import Shared

/// Why a contract refused a call, as its revert data says it.
package enum Revert: Sendable, Equatable {
    /// No data: an older contract, no such function, or all gas used up.
    case silent
    /// `Error(string)`, the text of a failed requirement, as far as it is printable.
    case message(String)
    /// `Panic(uint256)`, a mistake in the contract's own computation.
    case panic(code: Word)
    /// A custom error, with its arguments.
    case custom(name: String, arguments: [ABIValue])
    /// Data that is none of these; the first four bytes tell it from others.
    case unknown(selector: [UInt8])

    private static let message = ContractSignature("Error(string)")
    private static let panic = ContractSignature("Panic(uint256)")
    private static let known = [
        // OpenZeppelin's, in BLIND, staking and the proxies.
        "ERC20InsufficientAllowance(address,uint256,uint256)", "ERC20InsufficientBalance(address,uint256,uint256)",
        "ERC20InvalidApprover(address)", "ERC20InvalidReceiver(address)", "ERC20InvalidSender(address)",
        "ERC20InvalidSpender(address)", "OwnableInvalidOwner(address)", "OwnableUnauthorizedAccount(address)",
        "ReentrancyGuardReentrantCall()", "SafeERC20FailedOperation(address)", "AddressEmptyCode(address)",
        "ERC1967InvalidImplementation(address)", "ERC1967NonPayable()", "FailedCall()", "InvalidInitialization()",
        "NotInitializing()", "UUPSUnauthorizedCallContext()", "UUPSUnsupportedProxiableUUID(bytes32)",
        "ECDSAInvalidSignature()", "ECDSAInvalidSignatureLength(uint256)", "ECDSAInvalidSignatureS(bytes32)",
        // ExecutionCommitmentRegistry.
        "AlreadyCommitted()", "AlreadyDispatched()", "AlreadyRevealed()", "CommitDeadlineNotPassed()",
        "CommitDeadlinePassed()", "CommitMissing()", "InvalidDeadlines()", "NotDispatcher()", "NotExpectedNode()",
        "RevealDeadlineNotPassed()", "RevealDeadlinePassed()", "RevealMismatch()", "SelfVoting()",
        "UnknownInvocation()", "WrongStatus()", "ZeroAddress()",
        // NodeAttestationRegistry.
        "AttestationExpired()", "AttestationNotFound()", "CounterpartyConflict()", "InvalidSignature()",
        "InvalidWindow()", "NotNode()",
        // PromptKeyStore and the task manager behind it.
        "InvalidEncryptedInput(uint8,uint8)", "SenderNotAllowed(address)", "ACLNotAllowed(uint256,address)",
        "InvalidSigner(address,address)", "PermissionInvalid_Disabled()", "PermissionInvalid_Expired()",
        "PermissionInvalid_IssuerSignature()", "PermissionInvalid_RecipientSignature()",
    ].map(ContractSignature.init)
    /// Its arguments are of a type that no node reads otherwise.
    private static let securityZone = Keccak256.hash(Array("InvalidSecurityZone(int32,int32,int32)".utf8)).prefix(4)

    /// Reads any data without failing.
    package init(_ data: [UInt8]) {
        guard !data.isEmpty else {
            self = .silent
            return
        }
        if case .string(let text)? = Revert.arguments(of: Revert.message, in: data)?.first {
            self = .message(text.plain())
        } else if case .uint(let code)? = Revert.arguments(of: Revert.panic, in: data)?.first {
            self = .panic(code: code)
        } else {
            for error in Revert.known {
                guard let arguments = Revert.arguments(of: error, in: data) else { continue }
                self = .custom(name: error.name, arguments: arguments)
                return
            }
            let selector = data.prefix(4)
            self =
                selector == Revert.securityZone
                ? .custom(name: "InvalidSecurityZone", arguments: []) : .unknown(selector: Array(selector))
        }
    }

    /// Nil for data of another error, or data that is cut short.
    private static func arguments(of error: ContractSignature, in data: [UInt8]) -> [ABIValue]? {
        guard data.prefix(4).elementsEqual(error.selector) else { return nil }
        return try? ABIValue.decode(Array(data.dropFirst(4)), as: error.types)
    }
}
