internal import CoFHE
internal import ContentStore
internal import Coordination
internal import Ethereum
internal import Foundation
internal import HTTPTransport
internal import Shared

/// The services that a configuration names. Nothing is signed, and no credential is sent.
struct EndpointChecks: Sendable {
    let configuration: Configuration
    let environment: OperatorEnvironment
    let doctor: Doctor

    // MARK: - Chain and content

    func chain(_ client: any HTTPClient) async -> [Finding] {
        guard !configuration.rpcURLs.isEmpty else {
            return [
                Finding(
                    .chain, .warn, "There is no RPC endpoint: the node does nothing on chain.",
                    next: "Set rpc_url to an RPC endpoint of Arbitrum Sepolia.")
            ]
        }
        return await oneOf(configuration.rpcURLs, .chain, client)
    }

    func gateways(_ client: any HTTPClient) async -> [Finding] {
        await oneOf(configuration.ipfsGateways, .gateways, client)
    }

    /// One is enough: where one answers, the others' silence is no failure.
    private func oneOf(_ services: [ServiceURL], _ name: Check.Name, _ client: any HTTPClient) async -> [Finding] {
        let all = await reach(services, client)
        let anyAnswers = all.contains { (try? $0.result.get()) != nil }
        return all.map { service, result in finding(name, service, result, failing: anyAnswers ? .warn : .fail) }
    }

    func upload(_ client: any HTTPClient) async -> [Finding] {
        let service =
            configuration.ipfsUploadURL
            ?? (environment.secret(.uploadToken) == nil ? nil : try? ServiceURL(PinataUploader.defaultURL))
        guard let service else {
            return [
                Finding(
                    .upload, .warn, "There is no upload service: this node verifies, but leads no job.",
                    next: "Set ipfs_upload_url, or BLF_IPFS_UPLOAD_JWT for Pinata.")
            ]
        }
        return await reach([service], client).map { finding(.upload, $0, $1) }
    }

    // MARK: - Keys and models

    func cofhe(_ client: any HTTPClient) async -> [Finding] {
        do throws(ConfigurationError) {
            if let services = try configuration.cofheServices {
                return await [helper] + reach(services.all, client).map { finding(.cofhe, $0, $1) }
            }
        } catch { return [doctor.failure(.cofhe, error)] }
        guard let service = configuration.cofheEndpoint else {
            return [doctor.failure(.cofhe, ConfigurationError.missing(key: Setting.cofheEndpoint.rawValue))]
        }
        return await reach([service], client).map { finding(.cofhe, $0, $1) }
    }

    /// Without it, nobody but a verifier is what this node can be.
    private var helper: Finding {
        guard let path = configuration.cofheHelper else {
            return Finding(
                .cofhe, .warn, "There is no encryption helper: this node verifies, but leads no job.",
                next: "Set up deploy/cofhe-helper, and set cofhe_helper.")
        }
        guard access(path, X_OK) == 0 else {
            return doctor.failure(.cofhe, about: path, StartError.noHelper(path: path))
        }
        return Finding(.cofhe, about: path, .pass, "The encryption helper is there.")
    }

    /// The contracts that permits would be signed for; nothing where none are.
    func contracts(_ client: any HTTPClient) async -> [Finding] {
        guard configuration.cofheMode != .python else { return [] }
        guard !configuration.cofheRPCURLs.isEmpty else {
            return [doctor.failure(.cofhe, ConfigurationError.missing(key: Setting.rpcURL.rawValue))]
        }
        return [await deployment(client)]
    }

    private func deployment(_ client: any HTTPClient) async -> Finding {
        // Endpoints that are silent are asked one after the other.
        let once = RetryPolicy(attempts: 1, firstDelay: .zero, longestDelay: .zero, budget: .seconds(1))
        let rpc = RPCClient(
            endpoints: configuration.cofheRPCURLs, chainID: configuration.cofheChainID, client: client, retries: once,
            timeout: Reachability.timeout / configuration.cofheRPCURLs.count)
        let subject = "contracts on chain \(configuration.cofheChainID)"
        do throws(ThresholdError) {
            let found = try await Deployment(detectedOn: rpc)
            let text =
                "Generation \(found.generation.rawValue.uppercased()); the ACL is \(found.accessControl.checksummed)."
            guard let signer = found.resultSigner else {
                return Finding(
                    .cofhe, about: subject, .warn, text + " The chain asks for no signature on decrypted keys.",
                    next: "Nothing to do here: the network has turned that check off.")
            }
            return Finding(.cofhe, about: subject, .pass, text + " Decrypted keys are signed by \(signer.checksummed).")
        } catch .unreachable {
            return Finding(
                .cofhe, about: subject, .fail, "No endpoint of rpc_url answers for them.",
                next: "Check rpc_url and cofhe_chain_id.")
        } catch {
            return Finding(
                .cofhe, about: subject, .fail, "They are of no generation that this version knows (\(error.code)).",
                next: "Look for a newer version of this node. Jobs are left alone until then.")
        }
    }

    func models(_ client: any HTTPClient) async -> [Finding] {
        if !configuration.openaiModelIDs.isEmpty, configuration.openaiBaseURL == nil {
            return [doctor.failure(.models, ConfigurationError.missing(key: Setting.openaiBaseURL.rawValue))]
        }
        guard !modelServers.isEmpty else {
            return configuration.mockModelIDs.isEmpty
                ? [doctor.failure(.models, StartError.noModels)]
                : [Finding(.models, .pass, "Mock models only, which need no server.")]
        }
        return await reach(modelServers, client).map { finding(.models, $0, $1) }
    }

    private var modelServers: [ServiceURL] {
        var servers: [ServiceURL] = []
        if !configuration.openaiModelIDs.isEmpty, let base = configuration.openaiBaseURL { servers.append(base) }
        if environment.secret(.groqKey) != nil { servers.append(configuration.groqBaseURL) }
        if environment.secret(.googleKey) != nil { servers.append(configuration.geminiBaseURL) }
        return servers
    }

    // MARK: - Trust

    private var usesTLS: Bool {
        ([configuration.iclEndpoint] + configuration.ipfsGateways + modelServers
            + configuration.rpcURLs + [configuration.ipfsUploadURL, configuration.cofheEndpoint].compactMap { $0 }
            + ((try? configuration.cofheServices)?.all ?? []))
            .contains { $0.scheme == .https }
    }

    /// What a worker of this node would load; nil where none needs it or there is none.
    var trustFile: String? {
        let inWorkers = modelServers + [configuration.cofheWorkerURL].compactMap { $0 }
        let path = Node.trustStorePath
        return inWorkers.contains { $0.scheme == .https } && access(path, R_OK) == 0 ? path : nil
    }

    func trustStore(_ path: String = Node.trustStorePath) -> Finding {
        let text = FileManager.default.contents(atPath: path) ?? Data()
        let count =
            String(decoding: text, as: UTF8.self).components(separatedBy: "-----BEGIN CERTIFICATE-----").count - 1
        if count > 0 { return Finding(.trustStore, about: path, .pass, "\(count) authorities are trusted.") }
        if !usesTLS {
            return Finding(.trustStore, about: path, .pass, "There is none, and no configured service needs one.")
        }
        return doctor.failure(.trustStore, about: path, StartError.noTrustStore(path: path))
    }

    // MARK: - Asking

    private func reach(
        _ services: [ServiceURL], _ client: any HTTPClient
    ) async -> [(service: ServiceURL, result: Result<Int, Reachability.Failure>)] {
        await withTaskGroup(of: (Int, Result<Int, Reachability.Failure>).self) { group in
            for (index, service) in services.enumerated() {
                group.addTask { (index, await Reachability.check(service, client)) }
            }
            var results: [Int: Result<Int, Reachability.Failure>] = [:]
            for await (index, result) in group { results[index] = result }
            return services.enumerated().compactMap { index, service in results[index].map { (service, $0) } }
        }
    }

    private func finding(
        _ name: Check.Name, _ service: ServiceURL, _ result: Result<Int, Reachability.Failure>,
        failing: Finding.Outcome = .fail
    ) -> Finding {
        switch result {
        case .success(let status) where status >= 500:
            Finding(
                name, about: service.origin, .warn, "It answers, but with status \(status).",
                next: "Ask whoever runs it, or look at its log.")
        case .success: Finding(name, about: service.origin, .pass, "It answers.")
        case .failure(let failure):
            Finding(name, about: service.origin, failing, failure.text, next: failure.nextStep)
        }
    }
}
