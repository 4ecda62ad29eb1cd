package import Ethereum
package import HTTPTransport

/// Why a command about the chain ends before it has begun, or without what it was for.
package enum ChainFailure: Error, Equatable, Sendable {
    /// No RPC endpoint is configured.
    case noEndpoint
    /// All registries' addresses are zero.
    case noRegistry
    case transport(HTTPFailure)
    case contract(ContractError)
    case transaction(TransactionError)
    /// The token that the operator names is not the one that the staking contract takes.
    case otherToken(configured: Address, staking: Address)
    case belowMinimum(Amount)
    case notEnough(has: Amount, needed: Amount)
    case nothingStaked, nothingUnbonding, unbondingAlready
    /// The registry asks for more ETH as stake than `stake_amount_wei` allows.
    case registryStakeAboveCeiling(needed: Amount, ceiling: Amount)
    /// Seconds by the chain's clock.
    case notYet(seconds: UInt64)
    /// The stake is not known to have come about, nor its allowance to be gone: the staking contract may still take this
    /// much.
    indirect case allowanceStands(Amount, after: ChainFailure)
}

extension ChainFailure {
    /// One word for the log, without any text of a peer.
    static func code(of error: any Error) -> String {
        switch error {
        case let error as RPCError: code(error)
        case ContractError.rpc(let error), TransactionError.rpc(let error): code(error)
        case is ContractError: "not_this_contract"
        case let error as TransactionError: code(error)
        default: "journal_unavailable"
        }
    }

    private static func code(_ error: RPCError) -> String {
        switch error {
        case .unreachable: "rpc_unreachable"
        case .status, .malformed: "rpc_failed"
        case .wrongChain: "wrong_chain"
        case .refused: "rpc_refused"
        case .cancelled: "stopped"
        }
    }

    private static func code(_ error: TransactionError) -> String {
        switch error {
        case .rpc(let error): code(error)
        case .noContract, .noAnswer, .withoutEvent: "not_this_contract"
        case .wouldRevert, .reverted: "reverted"
        case .gasAboveCeiling: "gas_above_ceiling"
        case .feeAboveCeiling: "fee_above_ceiling"
        case .balanceTooLow: "balance_too_low"
        case .busy: "wallet_busy"
        case .refused: "transaction_refused"
        case .pending, .notFinal: "transaction_pending"
        case .keyInUseElsewhere: "key_in_use_elsewhere"
        case .unrecorded: "journal_unavailable"
        }
    }
}

/// The chain as one node sees it: endpoints, and the network's contracts.
package struct ChainAccess: Sendable {
    package let rpc: RPCClient
    package let staking: StakingContract
    /// The first that is configured; nil where all addresses are zero.
    package let registry: (any Registry)?
    package let keyStore: PromptKeyStoreContract
    package let commitments: CommitmentRegistryContract
    private let settings: ChainSettings

    package var fees: FeePolicy { settings.fees }
    var registryStake: Amount { settings.registryStake }

    package init(_ configuration: Configuration) throws(ChainFailure) {
        let client: CurlClient
        do throws(HTTPFailure) { client = try CurlClient() } catch { throw .transport(error) }
        guard let access = ChainAccess(configuration, client: client) else { throw .noEndpoint }
        self = access
    }

    /// Nil where no endpoint is configured: a node may live without the chain.
    package init?(_ configuration: Configuration, client: any HTTPClient) {
        guard !configuration.rpcURLs.isEmpty else { return nil }
        settings = configuration.chain
        rpc = RPCClient(endpoints: configuration.rpcURLs, chainID: settings.chainID, client: client)
        staking = StakingContract(Contract(settings.staking, rpc))
        registry = ChainAccess.registry(configuration, rpc)
        keyStore = PromptKeyStoreContract(Contract(settings.promptKeyStore, rpc))
        commitments = CommitmentRegistryContract(Contract(settings.commitmentRegistry, rpc))
    }

    private static func registry(_ configuration: Configuration, _ rpc: RPCClient) -> (any Registry)? {
        let settings = configuration.chain
        if settings.nodeRegistry != .zero { return NodeRegistryContract(Contract(settings.nodeRegistry, rpc)) }
        if settings.nodeOperatorRegistry != .zero {
            return OperatorRegistry(
                contract: NodeOperatorRegistryContract(Contract(settings.nodeOperatorRegistry, rpc)),
                zeroDataRetention: configuration.isZeroDataRetention)
        }
        guard settings.nodeAttestationRegistry != .zero else { return nil }
        return NodeAttestationRegistryContract(Contract(settings.nodeAttestationRegistry, rpc))
    }

    /// The token that the staking contract takes; its own word counts, and the operator's must agree.
    package func token() async throws(ChainFailure) -> TokenContract {
        let token: TokenContract
        do throws(ContractError) { token = try await staking.token() } catch { throw .contract(error) }
        if let configured = settings.blindToken, configured != token.address {
            throw .otherToken(configured: configured, staking: token.address)
        }
        return token
    }

    /// The queue of the wallet's transactions, which all processes of this folder share.
    package func queue(_ wallet: PrivateKey, journal: Journal, directory: String) -> TransactionQueue {
        TransactionQueue(
            rpc: rpc, key: wallet, fees: settings.fees, store: journal, lockPath: directory + "/transactions.lock")
    }
}

extension ChainAccess {
    /// What a wallet has, and how far it goes.
    package struct Holdings: Sendable {
        package let blind: Amount
        package let eth: Amount
        /// On-chain heartbeats that the ETH pays for at today's base fee.
        package let heartbeats: UInt64
    }

    /// Gas of one heartbeat, as measured (chain.md 3), with what a rollup adds for its data.
    private static let heartbeatGas: UInt64 = 60_000

    package func holdings(of owner: Address) async throws(ChainFailure) -> Holdings {
        let token = try await token()
        do {
            let eth = try await rpc.balance(of: owner)
            let baseFee = try await rpc.block().baseFee
            return Holdings(
                blind: try await token.balance(of: owner), eth: eth,
                heartbeats: eth.count(of: baseFee * ChainAccess.heartbeatGas))
        } catch let error as ContractError { throw .contract(error) } catch let error as RPCError {
            throw .contract(.rpc(error))
        } catch { throw .noEndpoint }
    }
}
