package import Ethereum
internal import Shared

/// Where a network keeps its nodes. Three contracts have done so over time; a node enters the first that is configured,
/// in the published node's order.
package protocol Registry: Sendable {
    func standing(of node: Address) async throws(ContractError) -> RegistryStanding

    /// The one transaction that makes `node` one.
    ///
    /// - Parameter now: Unix seconds by the chain's clock.
    func registration(of certificate: Certificate, from node: Address, at now: UInt64)
        async throws(ContractError) -> Intent

    /// Nil, but for a registry that keeps signed statements: makes the same with a wallet's signature in it. Whoever has
    /// seen that can have the statement stored: it is made when the operator has agreed.
    func signing(of certificate: Certificate, at now: UInt64) -> ((PrivateKey) -> Intent)?

    /// Nil where the registry counts none.
    func heartbeat(from node: Address) -> Intent?
}

extension Registry {
    package func signing(of certificate: Certificate, at now: UInt64) -> ((PrivateKey) -> Intent)? { nil }
}

/// What a registry knows of a node; times in Unix seconds by the chain's clock.
package struct RegistryStanding: Sendable, Equatable {
    package var isRegistered: Bool
    /// The registry's own word; nil where it has none.
    package var isActive: Bool?
    /// After this, only the coordinator can make the node active again.
    package var attestationExpires: UInt64?
    package var lastHeartbeat: UInt64 = 0
    /// For how many seconds a heartbeat counts, where the registry has such a rule.
    package var grace: UInt64?
}

extension NodeRegistryContract: Registry {
    package func standing(of node: Address) async throws(ContractError) -> RegistryStanding {
        let record = try await record(of: node)
        return RegistryStanding(
            isRegistered: record.isRegistered, isActive: try await isActive(node),
            attestationExpires: record.attestationExpires,
            lastHeartbeat: record.lastHeartbeat, grace: try await heartbeatGrace())
    }

    package func registration(
        of certificate: Certificate, from node: Address, at now: UInt64
    ) async throws(ContractError) -> Intent {
        register(
            tier: certificate.tier, attestationHash: certificate.word, expires: UInt64(max(0, certificate.expiry)),
            models: certificate.models, stake: try await minimumStake(), from: node)
    }

    package func heartbeat(from node: Address) -> Intent? { beat(from: node) }
}

/// The operators' registry, with what a node says of itself there.
struct OperatorRegistry: Registry {
    let contract: NodeOperatorRegistryContract
    let zeroDataRetention: Bool

    func standing(of node: Address) async throws(ContractError) -> RegistryStanding {
        let record = try await contract.record(of: node)
        return RegistryStanding(isRegistered: record.isRegistered, lastHeartbeat: record.lastHeartbeat)
    }

    func registration(
        of certificate: Certificate, from node: Address, at now: UInt64
    ) async throws(ContractError) -> Intent {
        contract.register(
            attestation: certificate.hash, modelTiers: certificate.models.map { _ in certificate.tier },
            zeroDataRetention: zeroDataRetention, stake: try await contract.minimumStake(tier: certificate.tier),
            from: node)
    }

    func heartbeat(from node: Address) -> Intent? { contract.heartbeat(from: node) }
}

extension NodeAttestationRegistryContract: Registry {
    /// Seconds; what the published node asks for.
    private static let longestLife: UInt64 = 172_800

    package func standing(of node: Address) async throws(ContractError) -> RegistryStanding {
        RegistryStanding(isRegistered: try await hasValid(node))
    }

    package func registration(
        of certificate: Certificate, from node: Address, at now: UInt64
    ) async throws(ContractError) -> Intent {
        commit(statement(of: certificate, at: now), about: node, signature: [])
    }

    package func signing(of certificate: Certificate, at now: UInt64) -> ((PrivateKey) -> Intent)? {
        { commit(statement(of: certificate, at: now), by: $0) }
    }

    private func statement(of certificate: Certificate, at now: UInt64) -> Statement {
        let (latest, overflow) = now.addingReportingOverflow(NodeAttestationRegistryContract.longestLife)
        let end = min(UInt64(max(0, certificate.expiry)), overflow ? .max : latest)
        return Statement(hash: certificate.word, effective: now, expires: end)
    }

    package func heartbeat(from node: Address) -> Intent? { nil }
}

extension Certificate {
    /// The certificate's hash as the registries keep it: the coordinator's 16 bytes with zeros behind them (icl.md 3), or
    /// the digest of a text that is no such hash.
    var word: [UInt8] {
        guard let bytes = Hexadecimal.decode(hash), (1...32).contains(bytes.count) else {
            return SHA256.hash(Array(hash.utf8))
        }
        return bytes + [UInt8](repeating: 0, count: 32 - bytes.count)
    }
}
