internal import Foundation
internal import Glibc
internal import HTTPTransport
package import Shared

/// Which models this node serves, and how. A model that is not in it is left alone; the mock answers only for ids that
/// the operator named.
package struct ModelCatalogue: Sendable {
    /// How a worker is to run one model. The key, where the server wants one, goes to the worker beside the order.
    package struct Service: Sendable {
        package let backend: JobOrder.Backend
        package let credential: SharedSecret?

        /// Static word for the log.
        package var name: String {
            switch backend {
            case .mock: "mock"
            case .chat(let chat): chat.dialect.rawValue
            }
        }
    }

    private let mockIDs: Set<String>
    private let openaiIDs: [String]
    private let allowed: [String]
    private let openai: (base: ServiceURL, maximumTokens: Int, timeout: Int)?
    private let groq: ServiceURL
    private let gemini: ServiceURL
    private let groqKey: SharedSecret?
    private let googleKey: SharedSecret?
    private let openaiKey: SharedSecret?

    /// The published node's time for one answer, in milliseconds.
    private static let timeout = 60_000

    package init(_ configuration: Configuration, environment: OperatorEnvironment) throws(ConfigurationError) {
        mockIDs = Set(configuration.mockModelIDs)
        openaiIDs = configuration.openaiModelIDs
        allowed = configuration.supportedModelIDs
        groq = configuration.groqBaseURL
        gemini = configuration.geminiBaseURL
        groqKey = environment.secret(.groqKey)
        googleKey = environment.secret(.googleKey)
        openaiKey = try configuration.openaiAPIKeyFile.map { path throws(ConfigurationError) in
            try SecretFile.read(path, limit: JobLimits.credential)
        }
        if openaiIDs.isEmpty {
            openai = nil
        } else {
            guard let base = configuration.openaiBaseURL else { throw .missing(key: Setting.openaiBaseURL.rawValue) }
            openai = (base, configuration.openaiMaxTokens, configuration.openaiTimeoutSeconds * 1000)
        }
    }

    /// What the node tells the coordinator: the operator's list, or all ids that are known one by one.
    package var advertised: [String] { allowed.isEmpty ? mockIDs.sorted() + openaiIDs : allowed }

    /// Whether any worker will have to end TLS, and so needs certificates.
    package var usesTLS: Bool {
        groqKey != nil && groq.scheme == .https || googleKey != nil && gemini.scheme == .https
            || openai?.base.scheme == .https
    }

    package var isEmpty: Bool { mockIDs.isEmpty && openai == nil && groqKey == nil && googleKey == nil }

    /// The service for `modelID`; nil where this node has none.
    package func service(for modelID: String) -> Service? {
        guard allowed.isEmpty || allowed.contains(modelID) else { return nil }
        if mockIDs.contains(modelID) { return Service(backend: .mock, credential: nil) }
        if let openai, openaiIDs.contains(modelID) {
            return chat(
                .openai, modelID, openai.base, ["chat", "completions"], openaiKey, tokens: openai.maximumTokens,
                timeout: openai.timeout)
        }
        if let name = ModelCatalogue.name(in: modelID, after: "groq:"), let groqKey {
            return chat(.groq, name, groq, ["chat", "completions"], groqKey)
        }
        if let name = ModelCatalogue.name(in: modelID, after: "gemini:"), let googleKey {
            return chat(.gemini, name, gemini, ["models", name], googleKey, suffix: ":generateContent")
        }
        return nil
    }

    private static func name(in modelID: String, after prefix: String) -> String? {
        modelID.hasPrefix(prefix) && modelID.utf8.count > prefix.utf8.count
            ? String(modelID.dropFirst(prefix.count)) : nil
    }

    private func chat(
        _ dialect: ChatOrder.Dialect, _ name: String, _ base: ServiceURL, _ path: [String], _ key: SharedSecret?,
        suffix: String = "", tokens: Int = 512, timeout: Int = ModelCatalogue.timeout
    ) -> Service? {
        // A name that makes no valid path belongs to no model.
        guard let url = try? base.appending(path) else { return nil }
        let endpoint = Endpoint(
            name: .model, host: url.host, port: url.port, path: url.target + suffix, usesTLS: url.scheme == .https)
        let order = ChatOrder(
            dialect: dialect, model: name, endpoint: endpoint, maximumTokens: tokens, timeout: timeout)
        return Service(backend: .chat(order), credential: key)
    }
}

/// A file that holds one secret and nothing else.
package enum SecretFile {
    /// Reads the file into secret memory; trailing line ends are dropped. A file that others may read is refused.
    package static func read(_ path: String, limit: Int) throws(ConfigurationError) -> SharedSecret {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .secretFileUnreadable(path: path) }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            throw .secretFileUnreadable(path: path)
        }
        guard info.st_mode & 0o077 == 0 else { throw .secretFileExposed(path: path) }
        do {
            var secret = try SecretBytes.reading(descriptor, limit: limit)
            while let last = secret.withBytes({ $0.last }), last == 10 || last == 13 {
                secret.truncate(to: secret.count - 1)
            }
            return SharedSecret(secret)
        } catch { throw .secretFileUnreadable(path: path) }
    }
}
