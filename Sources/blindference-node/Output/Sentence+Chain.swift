internal import Ethereum
internal import Shared
internal import Supervisor

// What the chain and its contracts refuse, in words.
extension Sentence {
    static func about(_ failure: ChainFailure) -> String {
        switch failure {
        case .noRegistry:
            "All registries' addresses are zero. Set node_registry_address, or leave it out for the network's own."
        case .noEndpoint: "rpc_url is not set. Set it to an RPC endpoint of Arbitrum Sepolia, or BLF_RPC_URL."
        case .transport: "libcurl could not be set up. Is there memory left? Then try again."
        case .contract(let error): about(error)
        case .transaction(let error): about(error)
        case .otherToken(let configured, let staking):
            """
            The token is \(configured.checksummed) (blind_token_address), but by the endpoint of rpc_url the staking \
            contract takes \(staking.checksummed). Correct staking_address, or set blind_token_address to that where you \
            know it from elsewhere.
            """
        case .belowMinimum(let minimum):
            "Each deposit must be at least \(minimum.text) BLIND. Nothing was signed. Give that much or more."
        case .notEnough(let has, let needed):
            """
            The wallet has \(has.text) BLIND, and \(needed.text) are needed. Nothing was signed. What is staked already \
            is shown by: blindference-node staking status
            """
        case .registryStakeAboveCeiling(let needed, let ceiling):
            """
            The registry asks for \(needed.text) ETH as stake, and stake_amount_wei allows \(ceiling.text). Nothing was \
            signed. Where that is the network's price and no lie of rpc_url, set stake_amount_wei to \(needed.units).
            """
        case .nothingStaked: "Nothing is staked. See: blindference-node staking status"
        case .nothingUnbonding: "Nothing unbonds. Start with: blindference-node staking unstake"
        case .unbondingAlready:
            "An earlier stake still unbonds. Withdraw it first: blindference-node staking withdraw"
        case .notYet(let seconds):
            "The 96 hours are not over: \(duration(seconds)) are left. Then give the command again."
        case .allowanceStands(let amount, let cause):
            """
            As far as is known nothing was staked, and the staking contract may still take \(amount.text) BLIND: \
            \(about(cause)) Once that is cured, stake again, which uses the allowance up.
            """
        }
    }

    private static func duration(_ seconds: UInt64) -> String {
        let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60)
        return hours > 0 ? "\(hours) h \(minutes) min" : minutes > 0 ? "\(minutes) min" : "\(seconds) s"
    }

    static func about(_ error: ContractError) -> String {
        switch error {
        case .rpc(let error): about(error)
        case .reverted(let revert): about(revert)
        case .notThisContract(let address):
            "The contract at \(address.checksummed) does not answer as it should. Correct its address, or rpc_url."
        }
    }

    static func about(_ error: TransactionError) -> String {
        switch error {
        case .rpc(let error): about(error)
        case .noContract(let address):
            "There is no contract at \(address.checksummed). Correct its address, or rpc_url. Nothing was signed."
        case .wouldRevert(let revert): about(revert) + " Nothing was sent."
        case .noAnswer(let address):
            """
            The contract at \(address.checksummed) is another one than it should be. Correct its address, or rpc_url. \
            Nothing was signed.
            """
        case .gasAboveCeiling(let needed, let ceiling):
            """
            The RPC endpoint asks for \(needed) gas, and \(ceiling) are the most for this call: it lies, or the contract \
            has changed. Try another rpc_url. Nothing was signed.
            """
        case .feeAboveCeiling(let needed, let ceiling):
            """
            Gas costs \(needed.units) wei, and max_fee_per_gas_wei allows \(ceiling.units). Wait, or raise it. Nothing more was signed.
            """
        case .balanceTooLow(let needed, let has):
            """
            The wallet has \(has.text) ETH, and up to \(needed.text) are needed. Send it \
            some; nothing was signed.
            """
        case .busy:
            "Another process of this node is making a transaction, or the folder cannot be written to. Try again later."
        case .refused(let message):
            """
            The chain refused the transaction (\(message)). Nothing was paid. See what the wallet has, and try again: \
            blindference-node balance
            """
        case .reverted(let hash, let revert):
            """
            \(about(revert)) The transaction \(hex(hash)) failed and cost its gas. What it was for did not happen: cure \
            that, and give the command again.
            """
        case .withoutEvent(let hash):
            "The transaction \(hex(hash)) went through, but did not do what it was for. Check the contracts' addresses."
        case .pending(let hash, nil):
            """
            The transaction \(hex(hash)) is in no block yet. It may still come. Give the same command again: within a day \
            that takes this one up, and makes no other.
            """
        case .pending(let hash, let refusal?):
            """
            The transaction \(hex(hash)) is in no block, and the chain refuses it now (\(refusal)). It may have taken it \
            before. Cure that, and give the same command again: within a day that takes this one up, and makes no other.
            """
        case .notFinal(let hash):
            "The transaction \(hex(hash)) is in a block, but that block may still be dropped. Look again later."
        case .keyInUseElsewhere:
            "Another program sends transactions of this wallet's key. Stop it, then try again."
        case .unrecorded:
            "The journal takes nothing. Check the folder's owner and the disk. What is not in it is not sent."
        }
    }

    private static func about(_ error: RPCError) -> String {
        switch error {
        case .unreachable(let host, let failure):
            "The RPC endpoint \(host) cannot be reached (\(failure)). Check rpc_url."
        case .status(let host, let status):
            "The RPC endpoint \(host) answers with status \(status). Try again later, or set another rpc_url."
        case .malformed(let host): "The RPC endpoint \(host) does not answer in JSON-RPC. Check rpc_url."
        case .wrongChain(let host, let expected, let found):
            """
            The RPC endpoint \(host) speaks for chain \(found), and this node for \(expected). Nothing was signed. Correct \
            rpc_url, or chain_id.
            """
        case .refused(let code, let message, _):
            "The RPC endpoint refused the request: \(message) (\(code)). Try again later, or set another rpc_url."
        case .cancelled: "Stopped."
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String { "0x" + Hexadecimal.encode(bytes) }

    // MARK: - Reverts

    static func about(_ revert: Revert) -> String {
        switch revert {
        case .silent: "The contract refused without a reason. \(check)"
        case .message(let text): words[text] ?? "The contract refused: \(text). \(check)"
        case .panic(let code):
            """
            The contract failed in its own computation \
            (\(panics[code] ?? "panic 0x\(Hexadecimal.encode(code.bytes.suffix(1)))")). \(check)
            """
        case .custom(let name, _): words[name] ?? "The contract refused: \(name). \(check)"
        case .unknown(let selector):
            "The contract refused with an error that this node does not know (\(hex(selector))). \(check)"
        }
    }

    private static let check = "If its address in the configuration is right, look up the reason in its source."

    private static let panics: [Word: String] = [
        Word(0x01): "assertion", Word(0x11): "overflow", Word(0x12): "division by zero", Word(0x21): "bad enum",
        Word(0x22): "bad storage bytes", Word(0x31): "pop of an empty array", Word(0x32): "index out of range",
        Word(0x41): "too much memory", Word(0x51): "call of an unset function",
    ]

    /// What the network's contracts say, and what is left to do.
    private static let words = [
        "NodeRegistry: caller is not ICL": coordinators,
        "NodeRegistry: invalid tier": "The tier must be 0, 1 or 2. Attest again: blindference-node attest",
        "NodeRegistry: already registered": "This address is registered already. Nothing is left to do.",
        "NodeRegistry: insufficient stake": "The registry asks for more ETH than was sent. Raise stake_amount_wei.",
        "NodeRegistry: node not found": "This address is not registered. Run: blindference-node attest",
        "NodeRegistry: node still active":
            "The registry still counts this node as active. Wait until its attestation has expired.",
        "NodeRegistry: transfer failed": "The registry could not send the ETH back. Is the wallet a contract?",
        "BlindferenceStaking: below min stake": "Each deposit must be at least 1000 BLIND. Give that much or more.",
        "BlindferenceStaking: no stake": "There is nothing staked. See: blindference-node staking status",
        "BlindferenceStaking: node has no stake": "That node has nothing staked. See: blindference-node staking status",
        "BlindferenceStaking: unbonding in progress":
            "An earlier stake still unbonds. Withdraw it first: blindference-node staking withdraw",
        "BlindferenceStaking: no unbonding":
            "There is nothing to withdraw. Start with: blindference-node staking unstake",
        "BlindferenceStaking: unbonding not ready":
            "The 96 hours are not over. See how long is left: blindference-node staking status",
        "BlindferenceStaking: caller is not slasher": coordinators,
        "Only ICL": coordinators,
        "ICL already set by non-owner": "The coordinator's address is already set. \(addresses)",
        "InvalidInitialization": "The contract is set up already. \(addresses)",
        "NotDispatcher": coordinators,
        "Job keys not set": "No key is stored for this job. The coordinator has to store it.",
        "ERC20InsufficientAllowance":
            "The staking contract may not take this much BLIND. Stake by: blindference-node staking stake",
        "ERC20InsufficientBalance": "There is not enough BLIND. See: blindference-node balance",
        "OwnableUnauthorizedAccount": "Only the contract's owner may do this. \(addresses)",
        "SafeERC20FailedOperation": "The transfer of BLIND failed. See: blindference-node balance",
        "ReentrancyGuardReentrantCall": "The contract was called while it was busy. Try again.",
        "InvalidEncryptedInput": "The encrypted value has another type than the contract takes. \(helper)",
        "SenderNotAllowed": "The caller may not use this encrypted value. \(helper)",
        "InvalidSecurityZone": "The encrypted value is of another security zone. \(helper)",
        "InvalidSigner": "The encrypted value was not signed for this account and chain. \(helper)",
        "UnknownInvocation": "The chain knows no such job. \(uncommitted)",
        "WrongStatus": "The job is at another stage. \(uncommitted)",
        "CommitDeadlinePassed": "It is too late to commit. \(uncommitted)",
        "RevealDeadlinePassed": "It is too late to reveal. \(uncommitted)",
        "NotExpectedNode": "This job is another node's. \(uncommitted)",
        "AlreadyCommitted": "A commitment is stored already. Nothing is left to do.",
        "AlreadyRevealed": "It is revealed already. Nothing is left to do.",
        "CommitMissing": "Nothing was committed. \(uncommitted)",
        "RevealMismatch": "The revealed output is not the committed one. \(uncommitted)",
        "InvalidSignature": "The attestation is not signed by this node. Attest again: blindference-node attest",
        "InvalidWindow": "The attestation's dates are wrong. Check this machine's clock: blindference-node doctor",
        "AttestationExpired": "The attestation has expired. Attest again: blindference-node attest",
        "AttestationNotFound": "There is no such attestation. Run: blindference-node attest",
    ]

    private static let addresses = "Check the contracts' addresses in the configuration."
    private static let coordinators = "Only the coordinator may do this. \(addresses)"
    private static let helper = "Check cofhe_helper, and the chain of rpc_url."
    private static let uncommitted = "The job counts all the same; nothing is to be done."
}
