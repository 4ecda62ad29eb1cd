package import Ethereum
package import HTTPTransport
package import Shared

/// The settings of a node: defaults, then `config.json`, then `.env`, then the environment.
package struct Configuration: Sendable {
    package enum CoFHEMode: String, Sendable, CaseIterable {
        case native
        /// Decrypts as `native`; the published default's name.
        case bridge
        /// A dialect that no public network speaks.
        case python
    }
    package enum LogFormat: String, Sendable, CaseIterable { case text, json }

    package var nodeAddress: Address?
    package var keystorePath: String
    package var tier = 0
    package var supportedModelIDs: [String] = []
    package var attestationBackend = "mock"
    package var iclEndpoint: ServiceURL
    /// In order of preference; empty for a node that has nothing to do with the chain.
    package var rpcURLs: [ServiceURL] = []
    /// What the node says of itself where a registry asks; the node keeps no prompt either way.
    package var isZeroDataRetention: Bool
    /// Whether a leader leaves its output key to the coordinator, which then writes it to the chain itself.
    package var skipOutputKeyStorage: Bool
    /// Whether computed jobs are sealed and opened at the registry of commitments.
    package var executionCommitments: Bool
    package var chain: ChainSettings
    package var cofheEndpoint: ServiceURL?
    package var cofheMode = CoFHEMode.native
    /// Nil in mode `python`, whose service is `cofheEndpoint`. Throws where nobody has named those of this chain, which
    /// most commands can do without.
    package var cofheServices: CoFHEServices? { get throws(ConfigurationError) { try services.get() } }
    private let services: Result<CoFHEServices?, ConfigurationError>
    /// The program that encrypts output keys; without one the node does not lead.
    package var cofheHelper: String?
    package var cofheChainID: UInt64 = 421_614
    package var ipfsGateways: [ServiceURL]
    package var ipfsUploadURL: ServiceURL?
    package var logLevel = "INFO"
    package var logFormat = LogFormat.text
    package var mockModelIDs: [String] = []
    package var maxConcurrentJobs = 2
    package var maxPromptBytes = 8 << 20
    /// How long a prompt or an answer may lie open in a worker.
    package var maxExposureSeconds = 300
    /// Extra layers of the sandbox without which the node does not run.
    package var requiredLayers: [SandboxLayer] = []
    package var groqBaseURL: ServiceURL
    package var geminiBaseURL: ServiceURL
    package var openaiBaseURL: ServiceURL?
    package var openaiAPIKeyFile: String?
    package var openaiModelIDs: [String] = []
    package var openaiMaxTokens = 512
    /// For one answer. A model on a small machine may think for long; the job's own limit comes later still.
    package var openaiTimeoutSeconds = 240
    /// Things worth telling the operator: old names, settings that have no effect here.
    package var notes: [String] = []

    /// Where the CoFHE contracts are read: the published node's `cofhe_endpoint` is an RPC endpoint as well.
    package var cofheRPCURLs: [ServiceURL] { rpcURLs.isEmpty ? [cofheEndpoint].compactMap(\.self) : rpcURLs }

    /// The service that workers speak with themselves, which only the `python` dialect has.
    package var cofheWorkerURL: ServiceURL? { cofheMode == .python ? cofheEndpoint : nil }

    static let defaultGateway = "https://node.lighthouse.storage"
    static let publicGateways = [
        "https://gateway.pinata.cloud", "https://ipfs.io", "https://dweb.link", "https://trustless-gateway.link",
    ]

    /// - Parameters:
    ///   - directory: where relative paths of the configuration start.
    ///   - values: settings by key, later sources already in front of earlier ones.
    init(directory: String, values: [Setting: SettingValue], notes: [String]) throws(ConfigurationError) {
        let read = SettingReader(values: values)
        self.notes = notes
        nodeAddress = try read.address(.nodeAddress)
        let keystore = read.text(.keystorePath) ?? "keystore.json"
        keystorePath = keystore.hasPrefix("/") ? keystore : directory + "/" + keystore
        tier = read.integer(.tier) ?? tier
        supportedModelIDs = read.list(.supportedModelIDs) ?? []
        attestationBackend = try read.oneOf(.attestationBackend, ["mock"]) ?? attestationBackend
        iclEndpoint = try read.service(.iclEndpoint) ?? SettingReader.known("https://icl.blindference.xyz")
        rpcURLs = try read.services(.rpcURL) ?? []
        isZeroDataRetention = read.truth(.zdrCompliant) ?? false
        skipOutputKeyStorage = read.truth(.skipOutputKeyStorage) ?? false
        executionCommitments = read.truth(.executionCommitments) ?? false
        chain = try ChainSettings(read)
        if executionCommitments, rpcURLs.isEmpty { throw .missing(key: Setting.rpcURL.rawValue) }
        cofheEndpoint = try read.service(.cofheEndpoint)
        cofheMode = try read.oneOf(.cofheMode, CoFHEMode.allCases.map(\.rawValue)).flatMap(CoFHEMode.init) ?? cofheMode
        if cofheMode == .python {
            self.notes.append(
                "cofhe_mode python is a dialect of devnets: its service sees the keys of answers, and no public network speaks it."
            )
        }
        cofheChainID = read.integer(.cofheChainID).map { UInt64($0) } ?? chain.chainID
        cofheHelper = read.text(.cofheHelper).map { $0.hasPrefix("/") ? $0 : directory + "/" + $0 }
        // What is read on one chain would be stored on the other.
        guard cofheMode == .python || rpcURLs.isEmpty || cofheChainID == chain.chainID else {
            throw .unsupportedValue(key: Setting.cofheChainID.rawValue, supported: [String(chain.chainID)])
        }
        do throws(ConfigurationError) {
            services = .success(cofheMode == .python ? nil : try CoFHEServices(read, chainID: cofheChainID))
        } catch {
            guard case .missing = error else { throw error }
            services = .failure(error)
        }
        let gateway = try read.service(.ipfsGateway) ?? SettingReader.known(Configuration.defaultGateway)
        let fallbacks =
            try read.services(.ipfsFallbackGateways) ?? Configuration.publicGateways.map(SettingReader.known)
        ipfsGateways = [gateway] + fallbacks.filter { $0 != gateway }
        ipfsUploadURL = try read.service(.ipfsUploadURL)
        logLevel = try read.oneOf(.logLevel, ["DEBUG", "INFO", "WARNING", "ERROR"]) ?? logLevel
        logFormat = try read.oneOf(.logFormat, LogFormat.allCases.map(\.rawValue)).flatMap(LogFormat.init) ?? logFormat
        mockModelIDs = read.list(.mockModelIDs) ?? []
        maxConcurrentJobs = read.integer(.maxConcurrentJobs) ?? maxConcurrentJobs
        maxPromptBytes = read.integer(.maxPromptBytes) ?? maxPromptBytes
        maxExposureSeconds = read.integer(.maxExposureSeconds) ?? maxExposureSeconds
        requiredLayers = try read.listOf(.requiredLayers, SandboxLayer.allCases)
        groqBaseURL = try read.service(.groqBaseURL) ?? SettingReader.known("https://api.groq.com/openai/v1")
        geminiBaseURL =
            try read.service(.geminiBaseURL) ?? SettingReader.known("https://generativelanguage.googleapis.com/v1beta")
        openaiBaseURL = try read.service(.openaiBaseURL)
        openaiAPIKeyFile = read.text(.openaiAPIKeyFile)
        openaiModelIDs = read.list(.openaiModelIDs) ?? []
        openaiMaxTokens = read.integer(.openaiMaxTokens) ?? openaiMaxTokens
        openaiTimeoutSeconds = read.integer(.openaiTimeoutSeconds) ?? openaiTimeoutSeconds
    }
}
