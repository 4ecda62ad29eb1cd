package import CoFHE
package import ContentStore
package import Coordination
package import Ethereum
package import Logging
package import Shared

/// What every job of a node works with.
package struct JobServices: Sendable {
    package let coordinator: CoordinatorClient
    package let content: ContentStore
    package let network: any ThresholdNetwork
    package let workers: WorkerPool
    package let models: ModelCatalogue
    package let connector: EndpointConnector
    package let journal: Journal
    package let address: Address
    package let limits: JobLimits
    package let timing: JobTiming
    package let hold: ClaimHold
    package let permits: PermitGate
    /// Nil where the node has no chain, or was told to leave the output keys to the coordinator.
    package let outputKeys: OutputKeyStorage?
    /// Nil where the operator did not ask for them.
    package let commitments: ExecutionCommitments?
    /// Nil where the network encrypts by itself, or not at all.
    package let helpers: EncryptionHelpers?
    package let log: Logger

    package init(
        coordinator: CoordinatorClient, content: ContentStore, network: any ThresholdNetwork, workers: WorkerPool,
        models: ModelCatalogue, connector: EndpointConnector, journal: Journal, address: Address, limits: JobLimits,
        timing: JobTiming = JobTiming(), hold: ClaimHold = ClaimHold(), permits: PermitGate,
        outputKeys: OutputKeyStorage? = nil, commitments: ExecutionCommitments? = nil,
        helpers: EncryptionHelpers? = nil, log: Logger
    ) {
        self.coordinator = coordinator
        self.content = content
        self.network = network
        self.workers = workers
        self.models = models
        self.connector = connector
        self.journal = journal
        self.address = address
        self.limits = limits
        self.timing = timing
        self.hold = hold
        self.permits = permits
        self.outputKeys = outputKeys
        self.commitments = commitments
        self.helpers = helpers
        self.log = log
    }

    /// Whether an output key could be encrypted now: without that, a node does not lead.
    var canEncrypt: Bool {
        switch network.encryption {
        case .service: true
        // What a verifier has signed for this node's account, nobody else could store.
        case .helper: outputKeys != nil && helpers?.isReady == true
        case nil: false
        }
    }
}
