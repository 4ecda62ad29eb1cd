internal import CoFHE
internal import Glibc
internal import Shared

/// Asks one model the same public question in two fresh workers, through the whole job path but the network.
package enum DeterminismCheck {
    private static let question = "Name the three primary colours of light, in alphabetical order."

    /// The hashes of both normalised answers, as hexadecimal text.
    package static func run(
        _ modelID: String, _ configuration: Configuration, models: ModelCatalogue, workerPath: String
    ) async throws -> [String] {
        guard let service = models.service(for: modelID) else { throw JobFailure.modelNotServed }
        let program = try Node.worker(configuration, models, at: workerPath)
        let spawner = WorkerSpawner(program: program)
        return [try await ask(spawner, modelID, service), try await ask(spawner, modelID, service)]
    }

    private static func ask(
        _ spawner: WorkerSpawner, _ modelID: String, _ service: ModelCatalogue.Service
    ) async throws -> String {
        let worker = try await spawner.spawn()
        let deadline = ContinuousClock.now + JobTiming.inference
        let order = JobOrder(role: .verifier, modelID: modelID, seal: .hkdf, backend: service.backend, encryption: nil)
        try await worker.start(order, credential: service.credential, deadline: deadline)
        let (sealing, _) = try await worker.receive(deadline: deadline)
        let publicKey = sealing.fields["public"]?.text.flatMap(Hexadecimal.decode) ?? []
        let material = try ProbeMaterial(prompt: question, sealingKey: publicKey)
        try await worker.send(material: material.sealed, of: nil, blob: material.blob, deadline: deadline)
        while true {
            let (header, _) = try await worker.receive(deadline: deadline)
            guard header.kind == .connect else {
                guard let hash = header.fields["innerHash"]?.text else { throw JobFailure.workerMisbehaved }
                try await worker.send(.done, deadline: deadline)
                await worker.waitForEnd(within: .seconds(1))
                return hash
            }
            guard case .chat(let chat) = service.backend,
                let descriptor = await EndpointConnector().connect(to: chat.endpoint)
            else { throw JobFailure.modelUnreachable }
            defer { close(descriptor) }
            try await worker.send(.endpoint, descriptor: descriptor, deadline: deadline)
        }
    }
}
