/// One look at the machine, the files or the network, which ends in its time whatever it looks at does.
package struct Check: Sendable {
    /// Every finding has one of these names, every examination has a finding for each, in this order. The names are
    /// the stable part of `doctor --format json`.
    package enum Name: String, Sendable, CaseIterable {
        case workerProgram = "worker_program"
        case memoryLock = "memory_lock"
        case sandbox
        case layers
        case corePattern = "core_pattern"
        case swap
        case tpm
        case folder
        case configuration
        case configFile = "config_file"
        case keystore
        case apiKeys = "api_keys"
        case disk
        case journal
        case certificate
        case trustStore = "trust_store"
        case coordinator
        case clock
        case chain
        case gateways
        case upload
        case cofhe
        case models
        /// Only where the operator asks for the attacks.
        case drill

        /// What every examination has a finding for.
        static let examined = allCases.filter { $0 != .drill }
    }

    /// What this check finds something about; the first one is named when it does not come to an end.
    let names: [Name]
    let deadline: Duration
    let look: @Sendable () async -> [Finding]

    init(_ names: Name..., within deadline: Duration, look: @escaping @Sendable () async -> [Finding]) {
        self.names = names
        self.deadline = deadline
        self.look = look
    }

    /// The findings, or that there were none in time. What is overdue is left behind, not waited for: a file system that
    /// hangs knows no cancellation.
    func run() async -> [Finding] {
        let (results, feed) = AsyncStream.makeStream(of: [Finding]?.self)
        let looking = Task { [look] in feed.yield(await look()) }
        let timer = Task { [deadline] in
            try? await Task.sleep(for: deadline)
            feed.yield(nil)
        }
        defer {
            looking.cancel()
            timer.cancel()
            feed.finish()
        }
        for await result in results {
            if let result { return result }
            break
        }
        return [
            Finding(
                names[0], .fail, "Not done within \(deadline.components.seconds) s.",
                next: "See whether the disk or the network hangs, then run doctor again.")
        ]
    }
}
