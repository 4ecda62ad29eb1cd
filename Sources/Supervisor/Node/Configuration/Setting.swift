/// Every key of the configuration, under the published names. The variable is `BLF_` and the key in upper case.
package enum Setting: String, CaseIterable, Sendable {
    case nodeAddress = "node_address"
    case keystorePath = "keystore_path"
    case tier
    case supportedModelIDs = "supported_model_ids"
    case customBackends = "custom_backends"
    case attestationBackend = "attestation_backend"
    case iclEndpoint = "icl_endpoint"
    case paymentServiceURL = "payment_service_url"
    case rpcURL = "rpc_url"
    case cofheEndpoint = "cofhe_endpoint"
    case cofheMode = "cofhe_mode"
    case cofheChainID = "cofhe_chain_id"
    case cofheTNURL = "cofhe_tn_url"
    case cofheVerifierURL = "cofhe_verifier_url"
    case cofheKeyURL = "cofhe_key_url"
    case cofheHelper = "cofhe_helper"
    case ipfsGateway = "ipfs_gateway"
    case ipfsFallbackGateways = "ipfs_fallback_gateways"
    case ipfsUploadURL = "ipfs_upload_url"
    case promptKeyStoreAddress = "prompt_key_store_address"
    case skipOutputKeyStorage = "skip_output_key_storage"
    case executionCommitments = "execution_commitments"
    case logLevel = "log_level"
    case logFormat = "log_format"
    case zdrCompliant = "zdr_compliant"
    case network
    case modelCacheDir = "model_cache_dir"
    case stakeAmountWei = "stake_amount_wei"
    case blindTokenAddress = "blind_token_address"
    case chainID = "chain_id"
    case nodeRegistryAddress = "node_registry_address"
    case stakingAddress = "staking_address"
    case nodeOperatorRegistryAddress = "node_operator_registry_address"
    case nodeAttestationRegistryAddress = "node_attestation_registry_address"
    case commitmentRegistryAddress = "commitment_registry_address"
    case maxFeePerGasWei = "max_fee_per_gas_wei"
    case mockModelIDs = "mock_model_ids"
    case maxConcurrentJobs = "max_concurrent_jobs"
    case maxPromptBytes = "max_prompt_bytes"
    case maxExposureSeconds = "max_exposure_seconds"
    case requiredLayers = "required_layers"
    case groqBaseURL = "groq_base_url"
    case geminiBaseURL = "gemini_base_url"
    case openaiBaseURL = "openai_base_url"
    case openaiAPIKeyFile = "openai_api_key_file"
    case openaiModelIDs = "openai_model_ids"
    case openaiMaxTokens = "openai_max_tokens"
    case openaiTimeoutSeconds = "openai_timeout_seconds"

    package var variable: String { "BLF_" + rawValue.uppercased() }

    enum Kind { case text, integer(ClosedRange<Int>), truth, list, service, services }

    var kind: Kind {
        switch self {
        case .tier: .integer(0...2)
        case .cofheChainID, .chainID, .maxFeePerGasWei: .integer(1...Int.max)
        case .maxConcurrentJobs: .integer(1...64)
        case .maxPromptBytes: .integer(1...(256 << 20))
        case .maxExposureSeconds: .integer(1...300)
        case .openaiMaxTokens: .integer(1...131_072)
        case .openaiTimeoutSeconds: .integer(1...280)
        case .skipOutputKeyStorage, .executionCommitments, .zdrCompliant: .truth
        case .supportedModelIDs, .customBackends, .mockModelIDs, .openaiModelIDs, .requiredLayers: .list
        case .iclEndpoint, .paymentServiceURL, .cofheEndpoint, .cofheTNURL, .cofheVerifierURL, .cofheKeyURL,
            .ipfsGateway, .ipfsUploadURL, .groqBaseURL,
            .geminiBaseURL, .openaiBaseURL:
            .service
        case .ipfsFallbackGateways, .rpcURL: .services
        case .nodeAddress, .keystorePath, .openaiAPIKeyFile, .cofheHelper, .attestationBackend, .cofheMode,
            .promptKeyStoreAddress,
            .logLevel, .logFormat,
            .network, .modelCacheDir, .stakeAmountWei, .blindTokenAddress, .nodeRegistryAddress, .stakingAddress,
            .nodeOperatorRegistryAddress, .nodeAttestationRegistryAddress, .commitmentRegistryAddress:
            .text
        }
    }

    /// Names of older nodes and documents, still understood.
    static let formerKeys: [String: Setting] = ["fhenix_rpc": .rpcURL]
    static let formerVariables: [String: Setting] = [
        "BLF_FHENIX_RPC": .rpcURL, "BLF_SUPPORTED_MODELS": .supportedModelIDs,
        "PROMPT_KEY_STORE_ADDRESS": .promptKeyStoreAddress,
    ]
    /// What the published node keeps in its configuration though it is state; ours keeps it in the journal.
    static let stateKeys: Set = ["attestation_cert_hash", "attestation_expiry", "registered_on_chain"]
}
