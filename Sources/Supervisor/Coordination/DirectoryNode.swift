internal import Shared

/// What the directory knows of a node (icl.md 1.11). Statistics are zeroed by every attestation.
package struct DirectoryNode: Sendable, Equatable {
    package let isActive: Bool
    package let tiers: [Int]
    /// Unix seconds.
    package let lastHeartbeat: Int?
    package let reputation: Int?
    package let tasksCompleted: Int?
    package let tasksAccepted: Int?
    package let tasksRejected: Int?

    init(_ answer: JSONValue) throws(CoordinatorError) {
        isActive = try answer.answer("active", \.truth)
        tiers = answer["model_tiers"]?.elements?.compactMap(\.int) ?? []
        let metrics = answer["metrics"]
        lastHeartbeat = metrics?["last_heartbeat"]?.int
        reputation = metrics?["reputation_score"]?.int
        tasksCompleted = metrics?["tasks_completed"]?.int
        tasksAccepted = metrics?["tasks_accepted"]?.int
        tasksRejected = metrics?["tasks_rejected"]?.int
    }
}

/// The coordinator's word on its own health.
package struct CoordinatorHealth: Sendable, Equatable {
    package let isHealthy: Bool
    package let isChainConnected: Bool?
    package let isDatabaseConnected: Bool?

    init(_ answer: JSONValue) throws(CoordinatorError) {
        isHealthy = try answer.answerText("status") == "ok"
        isChainConnected = answer["chain_connected"]?.truth
        isDatabaseConnected = answer["mongo_connected"]?.truth
    }
}
