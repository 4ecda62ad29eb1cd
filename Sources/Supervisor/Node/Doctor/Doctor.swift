package import HTTPTransport
internal import Shared

/// Looks at everything a node needs, and changes nothing: no password is asked for, no secret is read, nothing is written.
package struct Doctor: Sendable {
    /// The words for an error, and the next step where there is one: the program that prints has them.
    package typealias Words = @Sendable (any Error) -> (finding: String, nextStep: String?)

    private let loader: ConfigurationLoader
    private let environment: OperatorEnvironment
    let workerPath: String
    private let client: @Sendable () throws(HTTPFailure) -> any HTTPClient
    private let words: Words

    /// For what is on this machine.
    private static let local = Duration.seconds(5)
    /// For a worker to start, and for one endpoint to answer.
    private static let patient = Duration.seconds(15)

    package init(
        _ loader: ConfigurationLoader, environment: OperatorEnvironment, workerPath: String,
        client: @escaping @Sendable () throws(HTTPFailure) -> any HTTPClient = { () throws(HTTPFailure) in
            try CurlClient()
        },
        words: @escaping Words
    ) {
        self.loader = loader
        self.environment = environment
        self.workerPath = workerPath
        self.client = client
        self.words = words
    }

    /// All findings, in the order of `Check.Name`. Checks run beside each other, each with its own deadline.
    package func examine() async -> [Finding] {
        var findings: [Finding] = []
        var checks = machineChecks
        do throws(ConfigurationError) {
            let configuration = try loader.load()
            findings += FileChecks.notes(of: configuration)
            checks += nodeChecks(configuration)
        } catch { findings.append(failure(.configuration, about: loader.file, error)) }
        await withTaskGroup(of: [Finding].self) { group in
            for check in checks { group.addTask { await check.run() } }
            for await found in group { findings += found }
        }
        return Check.Name.examined.flatMap { name in
            let found = findings.filter { $0.check == name }
            return found.isEmpty ? [Doctor.unseen(name)] : found
        }
    }

    private static func unseen(_ name: Check.Name) -> Finding {
        Finding(
            name, .warn, "Not looked at, for what it needs has failed.",
            next: "Cure the failures, then run doctor again.")
    }

    func failure(_ name: Check.Name, about subject: String? = nil, _ error: any Error) -> Finding {
        let words = words(error)
        return Finding(
            name, about: subject, .fail, words.finding, next: words.nextStep ?? "Correct it, then run doctor again.")
    }

    // MARK: - The list

    private var machineChecks: [Check] {
        let (path, directory) = (workerPath, loader.directory)
        return [
            Check(.workerProgram, within: Doctor.local) { [FileChecks.workerProgram(path)] },
            Check(.corePattern, within: Doctor.local) { [KernelChecks.corePattern()] },
            Check(.swap, within: Doctor.local) { [KernelChecks.swap()] },
            Check(.folder, within: Doctor.local) { [FileChecks.folder(directory)] },
            Check(.disk, within: Doctor.local) { [FileChecks.disk(directory)] },
        ]
    }

    private func nodeChecks(_ configuration: Configuration) -> [Check] {
        let limits = JobLimits(prompt: configuration.maxPromptBytes)
        let endpoints = EndpointChecks(configuration: configuration, environment: environment, doctor: self)
        let path = loader.directory + "/journal.sqlite"
        return [
            Check(.memoryLock, within: Doctor.local) { [KernelChecks.memoryLock(limits)] },
            Check(.sandbox, .layers, within: Doctor.patient) {
                await examineWorker(limits, endpoints.trustFile, required: configuration.requiredLayers)
            },
            Check(.tpm, within: Doctor.local) { [KernelChecks.tpm(tier: configuration.tier)] },
            Check(.configFile, within: Doctor.local) { [FileChecks.configFile(loader.file)] },
            Check(.keystore, within: Doctor.local) { [examineKeystore(configuration)] },
            Check(.apiKeys, within: Doctor.local) { FileChecks.apiKeys(configuration) },
            Check(.journal, .certificate, within: Doctor.local) { await examineJournal(path) },
            Check(.trustStore, within: Doctor.local) { [endpoints.trustStore()] },
        ] + networkChecks(endpoints)
    }

    private func networkChecks(_ endpoints: EndpointChecks) -> [Check] {
        let client: any HTTPClient
        do { client = try self.client() } catch {
            return [
                Check(.coordinator, within: Doctor.local) {
                    [failure(.coordinator, StartError.transport(error))]
                }
            ]
        }
        return [
            Check(.coordinator, .clock, within: Doctor.patient) { await endpoints.coordinator(client) },
            Check(.chain, within: Doctor.patient) { await endpoints.chain(client) },
            Check(.gateways, within: Doctor.patient) { await endpoints.gateways(client) },
            Check(.upload, within: Doctor.patient) { await endpoints.upload(client) },
            Check(.cofhe, within: Doctor.patient) { await endpoints.cofhe(client) },
            Check(.cofhe, within: Doctor.patient) { await endpoints.contracts(client) },
            Check(.models, within: Doctor.patient) { await endpoints.models(client) },
        ]
    }
}
